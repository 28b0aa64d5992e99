//! Reads a seed in blocks of lines, and parses the blocks on all cores.

use std::collections::BTreeMap;
use std::io::{self, BufRead, ErrorKind, Read as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SendError, Sender, channel, sync_channel};
use std::thread::{self, Builder};

use parking_lot::Mutex;

use crate::core_work::cores;
use crate::seed::error::SeedError;
use crate::seed::line::Problem;

/// About the number of bytes that are parsed at a time.
const BLOCK_BYTES: usize = 256 * 1024;

/// Parses every line that is not blank, and passes the values on in their order, each with the
/// number of its line. Stops at the first error of either function.
///
/// `parse` runs on all cores, `accept` on the calling thread.
pub(super) fn for_each_line<T: Send>(
    reader: impl BufRead,
    parse: impl Fn(&str) -> Result<T, Problem> + Sync,
    accept: impl FnMut(usize, T) -> Result<(), SeedError>,
) -> Result<(), SeedError> {
    let mut blocks = Blocks { reader, next_line: 1, is_at_end: false };
    let mut results = InOrder { accept, next: 0, early: BTreeMap::new() };
    let Some(first) = blocks.next() else { return Ok(()) };
    if blocks.is_at_end {
        return results.add(0, first.parse(&parse));
    }
    let parse = &parse;
    thread::scope(|scope| {
        let (blocks_out, blocks_in) = sync_channel(cores());
        let (parsed_out, parsed_in) = channel();
        let blocks_in = Arc::new(Mutex::new(blocks_in));
        for _ in 0..cores() {
            let (blocks_in, parsed_out) = (Arc::clone(&blocks_in), parsed_out.clone());
            let work = move || parse_blocks(&blocks_in, &parsed_out, parse);
            // If no thread starts, the blocks cannot be sent, and are parsed here.
            drop(Builder::new().spawn_scoped(scope, work));
        }
        drop((blocks_in, parsed_out));
        for block in [first].into_iter().chain(blocks).enumerate() {
            if let Err(SendError((position, block))) = blocks_out.send(block) {
                results.add(position, block.parse(parse))?;
            }
            for (position, parsed) in parsed_in.try_iter() {
                results.add(position, parsed)?;
            }
        }
        drop(blocks_out);
        parsed_in.into_iter().try_for_each(|(position, parsed)| results.add(position, parsed))
    })
}

/// Parses blocks until there are no more, or nobody wants the results.
fn parse_blocks<T>(
    blocks: &Mutex<Receiver<(usize, Block)>>,
    results: &Sender<(usize, Parsed<T>)>,
    parse: impl Fn(&str) -> Result<T, Problem>,
) {
    loop {
        let next = blocks.lock().recv();
        let Ok((position, block)) = next else { return };
        if results.send((position, block.parse(&parse))).is_err() {
            return;
        }
    }
}

/// Whole lines of a seed.
struct Block {
    /// The number of the first line.
    first_line: usize,
    bytes: Vec<u8>,
    /// Why the line after these could not be read.
    error: Option<io::Error>,
}

/// The values of a block up to its first invalid line, and the error of that line.
struct Parsed<T> {
    values: Vec<(usize, T)>,
    error: Option<SeedError>,
}

impl Block {
    fn parse<T>(self, parse: impl Fn(&str) -> Result<T, Problem>) -> Parsed<T> {
        let mut values = Vec::new();
        let mut number = self.first_line;
        for line in self.bytes.split_inclusive(|byte| *byte == b'\n') {
            match parse_line(line, number, &parse) {
                Ok(None) => {}
                Ok(Some(value)) => values.push((number, value)),
                Err(error) => return Parsed { values, error: Some(error) },
            }
            number += 1;
        }
        let error = self.error.map(|source| SeedError::Unreadable { line: number, source });
        Parsed { values, error }
    }
}

/// Returns `None` for a blank line.
fn parse_line<T>(
    line: &[u8],
    number: usize,
    parse: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Option<T>, SeedError> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let source = io::Error::new(ErrorKind::InvalidData, error);
        SeedError::Unreadable { line: number, source }
    })?;
    // Some editors write a byte-order mark at the start of a file.
    let text = text.strip_prefix('\u{feff}').filter(|_| number == 1).unwrap_or(text).trim_end();
    if text.is_empty() {
        return Ok(None);
    }
    parse(text).map(Some).map_err(|problem| problem.into_error(number))
}

/// The blocks of a seed.
struct Blocks<R> {
    reader: R,
    next_line: usize,
    is_at_end: bool,
}

impl<R: BufRead> Blocks<R> {
    /// Fills the buffer with whole lines. Returns whether the end is reached.
    fn fill(&mut self, bytes: &mut Vec<u8>) -> io::Result<bool> {
        let limit = BLOCK_BYTES as u64;
        let read = self.reader.by_ref().take(limit).read_to_end(bytes)?;
        if read < BLOCK_BYTES {
            return Ok(true);
        }
        self.reader.read_until(b'\n', bytes)?;
        Ok(false)
    }
}

impl<R: BufRead> Iterator for Blocks<R> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        if self.is_at_end {
            return None;
        }
        let mut bytes = Vec::with_capacity(BLOCK_BYTES + 1024);
        let error = match self.fill(&mut bytes) {
            Ok(is_at_end) => {
                self.is_at_end = is_at_end;
                None
            }
            Err(error) => {
                self.is_at_end = true;
                // The line that is cut off is the one that could not be read.
                let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
                bytes.truncate(end);
                Some(error)
            }
        };
        let first_line = self.next_line;
        self.next_line += bytes.iter().map(|byte| usize::from(*byte == b'\n')).sum::<usize>();
        Some(Block { first_line, bytes, error })
    }
}

/// Accepts results in the order of their blocks, whatever the order in which they come.
struct InOrder<T, F> {
    accept: F,
    next: usize,
    early: BTreeMap<usize, Parsed<T>>,
}

impl<T, F: FnMut(usize, T) -> Result<(), SeedError>> InOrder<T, F> {
    fn add(&mut self, position: usize, parsed: Parsed<T>) -> Result<(), SeedError> {
        self.early.insert(position, parsed);
        while let Some(Parsed { values, error }) = self.early.remove(&self.next) {
            self.next += 1;
            for (number, value) in values {
                (self.accept)(number, value)?;
            }
            if let Some(error) = error {
                return Err(error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// A text of several blocks, with this line at this number.
    fn text_with(number: usize, line: &str) -> String {
        let usual = "x".repeat(99);
        let lines = BLOCK_BYTES / 100 * 5;
        let texts = (1..=lines).map(|n| if n == number { line } else { usual.as_str() });
        texts.flat_map(|line| [line, "\n"]).collect()
    }

    fn load(text: impl AsRef<[u8]>) -> (Vec<usize>, Result<(), String>) {
        let mut numbers = Vec::new();
        let parse = |text: &str| match text {
            "bad" => Err(Problem::line("is bad")),
            _ => Ok(text.to_owned()),
        };
        let accept = |number, text: String| {
            numbers.push(number);
            match text.as_str() {
                "refused" => Err(SeedError::field(number, "id", "is refused")),
                _ => Ok(()),
            }
        };
        let result = for_each_line(BufReader::with_capacity(64, text.as_ref()), parse, accept);
        (numbers, result.map_err(|error| error.to_string()))
    }

    #[test]
    fn lines_of_all_blocks_are_accepted_in_order() {
        let (numbers, result) = load(text_with(7, ""));
        assert_eq!(result, Ok(()));
        let lines = BLOCK_BYTES / 100 * 5;
        assert!((1..=lines).filter(|number| *number != 7).eq(numbers));
    }

    #[test]
    fn first_error_wins_wherever_it_is() {
        let lines = BLOCK_BYTES / 100 * 5;
        for number in [1, 2, lines / 5 + 30, lines / 2, lines] {
            for (line, problem) in [("bad", "is bad"), ("refused", "id: is refused")] {
                // Another bad line follows.
                let text = text_with(number, line) + "bad\n";
                let (numbers, result) = load(text);
                assert_eq!(result, Err(format!("line {number}: {problem}")));
                let accepted = if line == "bad" { number - 1 } else { number };
                assert!((1..=accepted).eq(numbers));
            }
        }
    }

    #[test]
    fn line_may_be_longer_than_a_block() {
        let text = text_with(3, &"y".repeat(3 * BLOCK_BYTES)) + "bad";
        let (numbers, result) = load(text);
        let lines = BLOCK_BYTES / 100 * 5;
        assert_eq!(result, Err(format!("line {}: is bad", lines + 1)));
        assert_eq!(numbers.len(), lines);
    }

    #[test]
    fn text_may_end_with_a_block() {
        for end in ["\n", ""] {
            let text = "x".repeat(BLOCK_BYTES - end.len()) + end;
            assert_eq!(load(&text), (vec![1], Ok(())));
        }
    }

    #[test]
    fn text_that_is_not_utf_8_is_unreadable() {
        let mut text = text_with(5, "").into_bytes();
        text.extend(b"\xff\nbad\n");
        let line = BLOCK_BYTES / 100 * 5 + 1;
        assert_eq!(load(text).1, Err(format!("line {line}: cannot be read")));
    }

    /// Fails after the text.
    struct Failing<'a>(&'a [u8]);

    impl io::Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer) {
                Ok(0) => Err(io::Error::other("the test requested it")),
                read => read,
            }
        }
    }

    #[test]
    fn failure_to_read_is_reported_after_the_lines_before() {
        for (text, line) in [("", 1), ("x\nx", 2), ("x\nx\n", 3), ("x\nbad\nx", 2)] {
            let reader = BufReader::new(Failing(text.as_bytes()));
            let parse = |text: &str| match text {
                "bad" => Err(Problem::line("cannot be read")),
                _ => Ok(()),
            };
            let error = for_each_line(reader, parse, |_, ()| Ok(())).unwrap_err();
            assert_eq!(error.to_string(), format!("line {line}: cannot be read"));
        }
    }
}
