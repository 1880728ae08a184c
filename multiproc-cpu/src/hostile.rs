//! The pool against a worker that sends what it should not. The worker here is a process that only
//! sleeps, and the test writes into its pipe.

#![cfg(test)]

use std::process::{Child, Command};

use proptest::prelude::*;

use super::*;

const ITEMS: [u64; 3] = [10, 20, 30];
const SLOT: usize = 4;

type Work = fn(usize, &u64) -> Span;

struct Fake {
    pool: Pool<'static, u64, Work>,
    // The worker's ends.
    results: File,
    tasks: File,
    process: Child,
}

impl Fake {
    fn new() -> Self {
        Self::with(Command::new("sleep").arg("1000"))
    }

    fn with(command: &mut Command) -> Self {
        let process = command.spawn().expect("a process");
        let (task_end, tasks) = pipe().expect("a pipe");
        let (results, result_end) = pipe().expect("a pipe");
        let pid = Pid::from_raw(i32::try_from(process.id()).expect("a process id"));
        let worker = Worker {
            pid,
            tasks: tasks.into(),
            results: results.into(),
            received: Vec::new(),
            given: VecDeque::new(),
            since: clock::now(),
        };
        let pool = Pool {
            work: sum as Work,
            items: ITEMS.iter().collect(),
            waiting: (0..ITEMS.len()).collect(),
            lost: vec![0; ITEMS.len()],
            workers: BTreeMap::from([(SLOT, worker)]),
        };
        Self { pool, results: result_end.into(), tasks: task_end.into(), process }
    }

    // Sends these bytes and lets the pool read them, until it has had all or wants no more.
    fn send(&mut self, bytes: &[u8]) -> Result<Vec<Span>, String> {
        let mut spans = Vec::new();
        for piece in bytes.chunks(1000) {
            self.results.write_all(piece).expect("there is room in the pipe");
            while self.unread() {
                spans.extend(self.pool.receive(SLOT)?);
            }
        }
        Ok(spans)
    }

    // Whether there is something that the pool has not read.
    fn unread(&self) -> bool {
        let results = self.pool.workers[&SLOT].results.as_fd();
        poll(&mut [PollFd::new(results, PollFlags::POLLIN)], 0u8).expect("a poll") > 0
    }

    fn next_task(&mut self) -> usize {
        assert!(self.pool.hand_out(), "a worker is busy");
        let mut index = [0; size_of::<usize>()];
        self.tasks.read_exact(&mut index).expect("a task");
        usize::from_ne_bytes(index)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn sum(worker: usize, number: &u64) -> Span {
    Span::time(number, worker, || Ok(common::cpu_bound(*number)))
}

fn message(worker: usize, number: u64) -> Vec<u8> {
    wire::frame(&sum(worker, &number)).expect("a frame")
}

#[derive(Clone, Debug)]
enum Piece {
    // A message that says who it is from and what it is on.
    Message(usize, u64),
    // The first bytes of one.
    Truncated(usize),
    Rubbish(Vec<u8>),
    // A length, and less or other than it promises.
    Length(u32),
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        (3usize..6, prop_oneof![Just(10u64), Just(20), 0u64..100])
            .prop_map(|(worker, number)| Piece::Message(worker, number)),
        (0usize..150).prop_map(Piece::Truncated),
        proptest::collection::vec(any::<u8>(), 0..50).prop_map(Piece::Rubbish),
        any::<u32>().prop_map(Piece::Length),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    // Whatever comes, the pool takes at most one result for one task, and only what it asked for.
    #[test]
    fn only_what_was_asked_for_is_taken(pieces in proptest::collection::vec(piece(), 1..6)) {
        let mut fake = Fake::new();
        let asked = ITEMS[fake.next_task()];
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| match piece {
            Piece::Message(worker, number) => message(*worker, *number),
            Piece::Truncated(bytes) => {
                let whole = message(SLOT, asked);
                whole[..*bytes.min(&whole.len())].to_vec()
            }
            Piece::Rubbish(bytes) => bytes.clone(),
            Piece::Length(length) => length.to_le_bytes().to_vec(),
        }).collect();
        if let Ok(spans) = fake.send(&bytes) {
            // It was given the next item as well.
            prop_assert!(spans.len() <= 2, "{spans:?}");
            for (span, asked) in spans.into_iter().zip(ITEMS) {
                prop_assert_eq!(span.name, asked.to_string());
                prop_assert_eq!(span.worker, SLOT);
                prop_assert_eq!(span.outcome.ok(), common::sums::closed_form(asked));
            }
        }
    }
}

#[test]
fn a_result_is_taken_once_it_is_there_as_a_whole() {
    let mut fake = Fake::new();
    for number in ITEMS {
        assert_eq!(ITEMS[fake.next_task()], number);
        let whole = message(SLOT, number);
        let (head, rest) = whole.split_at(9);
        assert_eq!(fake.send(head), Ok(vec![]));
        let spans = fake.send(rest).expect("a result");
        assert_eq!(spans[0].name, number.to_string());
    }
    assert!(!fake.pool.hand_out(), "all is done");
}

#[test]
fn a_result_that_nobody_asked_for_is_refused() {
    let wrong = [message(SLOT, 20), message(SLOT + 1, 10)];
    for bytes in wrong {
        let mut fake = Fake::new();
        fake.next_task();
        assert!(fake.send(&bytes).expect_err("refused").contains("nobody asked for"));
    }
    let mut idle = Fake::new();
    assert!(idle.send(&message(SLOT, 10)).expect_err("refused").contains("nobody asked for"));
}

#[test]
fn a_repeated_result_is_not_the_next_one() {
    let mut fake = Fake::new();
    fake.next_task();
    assert_eq!(fake.send(&message(SLOT, 10)).map(|spans| spans.len()), Ok(1));
    fake.next_task();
    assert!(fake.send(&message(SLOT, 10)).is_err(), "it was asked for the next one");
}

#[test]
fn a_worker_has_the_next_item_while_there_are_plenty() {
    let mut fake = Fake::new();
    fake.next_task();
    assert_eq!(
        (&fake.pool.workers[&SLOT].given, &fake.pool.waiting),
        (&[0, 1].into(), &[2].into())
    );
    let both = [message(SLOT, 10), message(SLOT, 20)].concat();
    assert_eq!(fake.send(&both).map(|spans| spans.len()), Ok(2), "one after the other");
    assert_eq!(fake.next_task(), 1, "it was handed out before");
    assert_eq!(fake.pool.workers[&SLOT].given, [2], "the last one is kept for whoever is idle");
}

#[test]
fn an_unknown_worker_sends_nothing() {
    assert_eq!(Fake::new().pool.receive(SLOT + 1), Ok(None));
}

#[test]
fn who_has_sent_something_is_known() {
    let mut fake = Fake::new();
    fake.next_task();
    assert!(fake.pool.readable().expect("a list").is_empty());
    fake.results.write_all(b"x").expect("written");
    assert_eq!(fake.pool.readable().expect("a list"), [SLOT]);
}

// A test has several threads, so that no worker can be forked: the replacement fails here, where
// the system tells of threads.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_misbehaves_is_ended_and_its_item_waits() {
    let mut fake = Fake::new();
    fake.next_task();
    assert_eq!(fake.pool.replace(SLOT, "sent rubbish"), None);
    assert!(fake.process.try_wait().is_err(), "the pool has waited for it");
    assert_eq!(fake.pool.waiting, [0, 1, 2], "its item comes first again");
    assert_eq!(fake.pool.lost, [1, 0, 0]);
    assert!(!fake.pool.hand_out(), "no worker is left");
    assert_eq!(fake.pool.replace(SLOT, "was there already"), None);
}

#[test]
fn the_last_attempt_gives_an_item_up_by_name() {
    let mut fake = Fake::new();
    fake.next_task();
    fake.pool.lost[0] = ATTEMPTS - 1;
    let span = fake.pool.replace(SLOT, "sent rubbish").expect("a span");
    assert_eq!((span.name.as_str(), span.worker), ("10", SLOT));
    let why = span.outcome.expect_err("given up");
    assert!(why.contains("given up") && why.contains("sent rubbish"), "{why}");
    assert_eq!(fake.pool.waiting, [1, 2]);
}

#[test]
fn how_a_worker_ended_is_told() {
    let ends = [
        ("exit 7", "ended", "ended with exit code 7"),
        ("kill -SEGV $$", "ended", "was killed by SIGSEGV"),
        ("exec sleep 1000", "sent rubbish", "sent rubbish"),
    ];
    for (script, why, told) in ends {
        let mut fake = Fake::with(Command::new("sh").args(["-c", script]));
        fake.next_task();
        fake.pool.lost[0] = ATTEMPTS - 1;
        if why == "ended" {
            common::testing::ends(fake.pool.workers[&SLOT].pid);
        }
        let span = fake.pool.replace(SLOT, why).expect("a span");
        let outcome = span.outcome.expect_err("given up");
        assert!(outcome.contains(&format!("its worker {told}, the 3rd")), "{outcome}");
    }
}
