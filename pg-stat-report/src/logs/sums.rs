//! What is counted of everything alike.

/// How many, how long, how large, from when to when.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// Of how many of them it is known how long they took.
    pub timed: u64,
    /// Together, in microseconds.
    pub total: u64,
    /// The shortest.
    pub min: u64,
    /// The longest.
    pub max: u64,
    /// Bytes, where there are any.
    pub bytes: u64,
    /// The most bytes.
    pub max_bytes: u64,
    /// When the first was, as Unix time in milliseconds.
    pub first: Option<i64>,
    /// When the last was.
    pub last: Option<i64>,
}

impl Sum {
    /// One more, at that time.
    pub fn add(&mut self, at: Option<i64>) {
        self.count += 1;
        self.see(at);
    }

    /// Something was at that time.
    pub fn see(&mut self, at: Option<i64>) {
        let Some(at) = at else { return };
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }

    /// One of them took so many microseconds. Whether none took longer before.
    pub fn took(&mut self, micros: u64) -> bool {
        let is_longest = self.timed == 0 || micros > self.max;
        self.min = if self.timed == 0 {
            micros
        } else {
            self.min.min(micros)
        };
        self.max = self.max.max(micros);
        self.timed += 1;
        self.total += micros;
        is_longest
    }

    /// One of them was so large.
    pub fn weighed(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.max_bytes = self.max_bytes.max(bytes);
    }

    /// Both together.
    pub fn join(&mut self, other: &Self) {
        self.min = match (self.timed, other.timed) {
            (0, _) => other.min,
            (_, 0) => self.min,
            _ => self.min.min(other.min),
        };
        self.count += other.count;
        self.timed += other.timed;
        self.total += other.total;
        self.max = self.max.max(other.max);
        self.bytes += other.bytes;
        self.max_bytes = self.max_bytes.max(other.max_bytes);
        self.see(other.first);
        self.see(other.last);
    }
}
