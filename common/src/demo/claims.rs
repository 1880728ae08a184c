//! The article's claims that examples show, in words.

const CLAIMS: [(&str, &str); 16] = [
    ("C03", "what speeds up one kind of work may do nothing for the other"),
    ("C04", "CPU-bound threads gain nothing under one global lock such as the GIL; Rust has none"),
    ("C05", "I/O-bound threads wait at the same time even with a global lock"),
    ("C06", "threads are light, processes are heavy"),
    ("C07", "threads and tasks differ in how they take turns"),
    ("C08", "the operating system pauses and resumes threads by itself, in slices of time"),
    ("C09", "a context switch can fall inside `x = x + 1`, between the read and the write"),
    ("C11", "a task gives up the thread only at an `.await`"),
    ("C15", "threads that share data can have race conditions"),
    ("C16", "threads that take several locks can deadlock"),
    ("C17", "threads are difficult to debug: a failure depends on the order of the steps"),
    ("C21", "hundreds of tasks scale better than hundreds of threads"),
    ("C22", "async code must not call functions that block"),
    ("C23", "one task that does not give up the thread holds up all the others"),
    ("C29", "a process does not see what another process writes to its memory"),
    ("C30", "processes are a slow way to do I/O-bound work"),
];

/// The words of the claim with this id, or the id itself if it is not in the table.
pub fn words(id: &'static str) -> &'static str {
    CLAIMS.iter().find(|claim| claim.0 == id).map_or(id, |claim| claim.1)
}
