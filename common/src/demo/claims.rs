//! The claims of the article, in words: for the examples that show them, and for the comparison.

/// The id of each claim, which never changes, and its words.
pub const CLAIMS: [(&str, &str); 33] = [
    ("C01", "downloads get faster if their waits overlap"),
    ("C02", "sums get faster if several are computed at once"),
    ("C03", "what is good for one workload can be bad for the other"),
    ("C04", "under the GIL, threads that compute do not run at once; in Rust they do"),
    ("C05", "under the GIL, threads that wait do run at once"),
    ("C06", "threads are light, processes are heavy"),
    ("C07", "threads and tasks take turns differently"),
    ("C08", "the operating system pre-empts threads, and each gets its time slices"),
    ("C09", "a context switch can fall inside `x = x + 1`"),
    ("C10", "such a switch is usually not an issue"),
    ("C11", "a task is switched only at an `.await`"),
    ("C12", "the table of the options: how each is scheduled, and on how many CPUs"),
    ("C13", "threads are fast for downloads"),
    ("C14", "with threads, the code grows"),
    ("C15", "threads can have race conditions"),
    ("C16", "threads can deadlock"),
    ("C17", "threads are hard to debug"),
    ("C18", "the program with threads: five workers, 160 downloads"),
    ("C19", "the execution diagram of the program with threads"),
    ("C20", "tasks are fast for downloads, on one thread"),
    ("C21", "hundreds of tasks scale better than hundreds of threads"),
    ("C22", "tasks need functions that are made for async"),
    ("C23", "one task can delay all others"),
    ("C24", "the program with tasks: a task for each site, all gathered"),
    ("C25", "the execution diagram of the program with tasks"),
    ("C26", "processes run on many cores"),
    ("C27", "processes stay close to the sequential code"),
    ("C28", "processes are fast for sums"),
    ("C29", "processes have strange parts, such as memory that they do not share"),
    ("C30", "processes cost too much for downloads"),
    ("C31", "the program with processes: a worker for each core, 20 sums"),
    ("C32", "the execution diagram of the program with processes"),
    ("C33", "the article's times (3.7 s, 2.6 s, 2.5 s), within a factor of two"),
];

/// The words of the claim with this id, or the id itself if it is not in the table.
pub fn words(id: &'static str) -> &'static str {
    CLAIMS.iter().find(|claim| claim.0 == id).map_or(id, |claim| claim.1)
}
