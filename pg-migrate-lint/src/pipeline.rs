//! Files read and parsed by several threads, and handed on in order; of a great file, part by part.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;

use shared::{Context as _, Error, Result};

use crate::parse::{Parsed, parse};
use crate::source::Source;

/// So many bytes are parsed at once.
const SHARE: usize = 128 << 10;

/// What is to be linted.
#[derive(Debug)]
pub enum Input {
    /// A file, and how it is called.
    File(PathBuf),
    /// What was read already.
    Text(String, Vec<u8>),
}

/// Part of a file: its statements from this one on.
pub struct Part {
    /// The file.
    pub source: Arc<Source>,
    /// The number of the first statement.
    pub first: usize,
    /// What became of it and those after it.
    pub parsed: Vec<Parsed>,
    /// Whether the file ends with it.
    pub is_last: bool,
}

enum Task {
    Files(Vec<Input>),
    Part(Arc<Source>, usize, usize, bool),
}

type Done = Vec<Result<Part>>;

/// Hands on the parts of all inputs in order. An input that can't be read is an error in its place.
pub fn run(inputs: Vec<Input>, mut consume: impl FnMut(Result<Part>) -> Result<()>) -> Result<()> {
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let (tasks, queue) = mpsc::channel::<(Task, SyncSender<Done>)>();
    let queue = Arc::new(Mutex::new(queue));
    thread::scope(|scope| {
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            scope.spawn(move || work(&queue));
        }
        let mut planned = Plan::new(inputs);
        let mut pending: VecDeque<Receiver<Done>> = VecDeque::new();
        let outcome = loop {
            while pending.len() < 2 * threads
                && let Some(task) = planned.next()
            {
                let (sender, receiver) = mpsc::sync_channel(1);
                pending.push_back(receiver);
                if tasks.send((task, sender)).is_err() {
                    break;
                }
            }
            let Some(next) = pending.pop_front() else {
                break Ok(());
            };
            let done = next
                .recv()
                .map_err(|_| Error::new("a file could not be looked into"))?;
            let consumed = done.into_iter().try_for_each(&mut consume);
            if consumed.is_err() {
                break consumed;
            }
        };
        drop(tasks);
        outcome
    })
}

fn work(queue: &Mutex<Receiver<(Task, SyncSender<Done>)>>) {
    loop {
        let next = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(_) => return,
        };
        let Ok((task, sender)) = next else { return };
        // Nobody waits for it any more where that fails.
        let _ = sender.send(done(task));
    }
}

fn done(task: Task) -> Done {
    match task {
        Task::Files(inputs) => inputs.into_iter().flat_map(whole).collect(),
        Task::Part(source, first, end, is_last) => vec![Ok(part(source, first, end, is_last))],
    }
}

fn whole(input: Input) -> Done {
    let source = match read(input) {
        Ok(source) => Arc::new(source),
        Err(error) => return vec![Err(error)],
    };
    let parts = shares(&source);
    parts
        .into_iter()
        .map(|(first, end, is_last)| Ok(part(Arc::clone(&source), first, end, is_last)))
        .collect()
}

fn part(source: Arc<Source>, first: usize, end: usize, is_last: bool) -> Part {
    let parsed = parse(&source, &source.statements[first..end]);
    Part {
        source,
        first,
        parsed,
        is_last,
    }
}

fn read(input: Input) -> Result<Source> {
    match input {
        Input::Text(name, bytes) => Ok(Source::new(name, bytes)),
        Input::File(path) => {
            let name = path.display().to_string();
            let bytes = fs::read(&path).context(|| name.clone())?;
            Ok(Source::new(name, bytes))
        }
    }
}

/// First, end, and whether it is the last, of each share of the statements; one that is empty for a file
/// without any.
fn shares(source: &Source) -> Vec<(usize, usize, bool)> {
    let statements = &source.statements;
    let mut shares = Vec::new();
    let mut first = 0;
    loop {
        let start = statements.get(first).map_or(0, |statement| statement.start);
        let rest = &statements[first..];
        let length = rest
            .iter()
            .take_while(|statement| statement.start < start + SHARE)
            .count();
        let end = first + length;
        let is_last = end == statements.len();
        shares.push((first, end, is_last));
        if is_last {
            return shares;
        }
        first = end;
    }
}

/// Tasks in order: small files together, great ones in shares.
struct Plan {
    inputs: VecDeque<Input>,
    shares: VecDeque<Task>,
}

impl Plan {
    fn new(inputs: Vec<Input>) -> Self {
        Self {
            inputs: inputs.into(),
            shares: VecDeque::new(),
        }
    }

    fn next(&mut self) -> Option<Task> {
        if let Some(task) = self.shares.pop_front() {
            return Some(task);
        }
        let mut files = Vec::new();
        let mut bytes = 0;
        while let Some(input) = self.inputs.pop_front() {
            let size = size(&input);
            if size > 4 * SHARE {
                if !files.is_empty() {
                    self.inputs.push_front(input);
                    break;
                }
                return Some(self.great(input));
            }
            bytes += size.max(1 << 12);
            files.push(input);
            if bytes >= SHARE || files.len() >= 64 {
                break;
            }
        }
        (!files.is_empty()).then_some(Task::Files(files))
    }

    fn great(&mut self, input: Input) -> Task {
        let path = match &input {
            Input::File(path) => Some(path.clone()),
            Input::Text(..) => None,
        };
        let source = match (read(input), path) {
            (Ok(source), _) => Arc::new(source),
            // A worker says why it can't be read.
            (Err(_), path) => return Task::Files(path.map(Input::File).into_iter().collect()),
        };
        let shares = shares(&source).into_iter();
        self.shares = shares
            .map(|(first, end, is_last)| Task::Part(Arc::clone(&source), first, end, is_last))
            .collect();
        self.shares.pop_front().unwrap_or(Task::Files(Vec::new()))
    }
}

fn size(input: &Input) -> usize {
    match input {
        Input::File(path) => {
            let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
            usize::try_from(length).unwrap_or(usize::MAX)
        }
        Input::Text(_, bytes) => bytes.len(),
    }
}
