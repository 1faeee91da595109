//! Files read and parsed by several threads, and handed on in order; of a great file, part by part.

use std::collections::VecDeque;
use std::fs;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;

use shared::{Error, Result};

use crate::ahead::Ahead;
use crate::layout;
use crate::lint::{Role, Step};
use crate::parse::{self, Parsed};
use crate::source::Source;

/// So many bytes are parsed at once.
const SHARE: usize = 64 << 10;

/// A file, or what runs of it, and what is to be made of it.
#[derive(Debug, Clone)]
pub struct Input {
    /// Where its text is.
    pub content: Content,
    /// What is to be made of it.
    pub step: Step,
}

/// Where a text is.
#[derive(Debug, Clone)]
pub enum Content {
    /// In a file, or a part of one.
    File(layout::Part),
    /// What was read already, and how it is called.
    Text(String, Vec<u8>),
}

/// Part of a file: its statements from this one on.
pub struct Part {
    /// The file.
    pub source: Arc<Source>,
    /// What is to be made of it.
    pub step: Step,
    /// The number of the first statement.
    pub first: usize,
    /// What became of it and those after it.
    pub parsed: Vec<Parsed>,
    /// What they make and take away; of history that is nothing.
    pub ahead: Ahead,
    /// Whether the file ends with it.
    pub is_last: bool,
}

enum Task {
    Files(Vec<Input>),
    Part(Arc<Source>, Step, Share),
}

/// Number of the first statement, of the one behind the last, and whether the file ends there.
type Share = (usize, usize, bool);

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
        Task::Part(source, step, share) => vec![Ok(part(source, step, share))],
    }
}

fn whole(input: Input) -> Done {
    let step = input.step;
    let source = match read(input.content) {
        Ok(source) => Arc::new(source),
        Err(error) => return vec![Err(error)],
    };
    let shares = shares(&source).into_iter();
    shares
        .map(|share| Ok(part(Arc::clone(&source), step, share)))
        .collect()
}

fn part(source: Arc<Source>, step: Step, (first, end, is_last): Share) -> Part {
    let statements = &source.statements[first..end];
    let (parsed, ahead) = match step.role {
        Role::History => (parse::history(&source, statements), Ahead::default()),
        Role::Asked | Role::Snapshot | Role::Down => {
            let parsed = parse::parse(&source, statements);
            let ahead = Ahead::of(&parsed);
            (parsed, ahead)
        }
    };
    Part {
        source,
        step,
        first,
        parsed,
        ahead,
        is_last,
    }
}

fn read(content: Content) -> Result<Source> {
    let (name, bytes) = match content {
        Content::Text(name, bytes) => (name, bytes),
        Content::File(part) => (part.path.display().to_string(), part.visible()?),
    };
    if bytes.len() > Source::LONGEST {
        return Err(Error::new(format!("{name} has more than 4 GiB")));
    }
    Ok(Source::new(name, bytes))
}

/// First, end, and whether it is the last, of each share of the statements; one that is empty for a file
/// without any.
fn shares(source: &Source) -> Vec<Share> {
    let statements = &source.statements;
    let mut shares = Vec::new();
    let mut first = 0;
    loop {
        let start = statements
            .get(first)
            .map_or(0, |statement| statement.start());
        let rest = &statements[first..];
        let length = rest
            .iter()
            .take_while(|statement| statement.start() < start + SHARE)
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
            let size = size(&input.content);
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
        let step = input.step;
        let Ok(source) = read(input.content.clone()) else {
            // A worker says why it can't be read.
            return Task::Files(vec![input]);
        };
        let source = Arc::new(source);
        let shares = shares(&source).into_iter();
        self.shares = shares
            .map(|share| Task::Part(Arc::clone(&source), step, share))
            .collect();
        self.shares.pop_front().unwrap_or(Task::Files(Vec::new()))
    }
}

fn size(content: &Content) -> usize {
    match content {
        Content::File(part) => {
            let length = fs::metadata(&part.path).map_or(0, |metadata| metadata.len());
            usize::try_from(length).unwrap_or(usize::MAX)
        }
        Content::Text(_, bytes) => bytes.len(),
    }
}
