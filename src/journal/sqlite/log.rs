//! SQLite's write-ahead log, the file beside the file, as section 4 of <https://www.sqlite.org/fileformat2.html> has it.
//!
//! SQLite takes it to end at the first page that is not sound. That is right for what a crash cut off, and loses the rest
//! without a word if one page in the middle is damaged; so this looks first.

use std::{fs::File, io, os::unix::fs::FileExt as _, path::Path};

use super::page::{PAGE, word};

/// The pages in a log.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    /// None if it cannot be read.
    head: Option<Head>,
    frames: Vec<Frame>,
}

/// How a log ends for SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Long before the last transaction.
    Gap,
    /// Before the last transaction: its writing was cut off, or it is damaged.
    Torn,
    /// With all that was written.
    Whole,
}

/// What a log begins with.
#[derive(Clone, Copy, Debug)]
struct Head {
    salt: [u8; 8],
    sum: Sum,
}

/// A page in the log.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Which page of the file it takes the place of.
    number: u32,
    /// Whether a transaction is over with it.
    is_last: bool,
    /// Whether it was written since the log was begun anew.
    is_fresh: bool,
    /// Whether it, and everything before it, is as it was written.
    is_sound: bool,
}

/// The running sum over a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sum {
    is_big_endian: bool,
    value: (u32, u32),
}

impl Log {
    /// Reads the log at `path`; none if there is none.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        if length <= HEAD {
            return Ok(None);
        }
        let mut bytes = [0; HEAD as usize];
        file.read_exact_at(&mut bytes, 0)?;
        let head = Head::read(&bytes);
        let mut log = Self { file, head, frames: Vec::new() };
        let mut sum = head.map(|head| head.sum);
        for number in 0..(length - HEAD) / FRAME {
            let frame = log.frame(number, &mut sum)?;
            log.frames.push(frame);
        }
        Ok(Some(log))
    }

    /// How it ends for SQLite.
    pub(super) fn end(&self) -> End {
        let mut rest = self.frames.iter().skip_while(|frame| frame.is_sound);
        let torn = rest.next().is_some_and(|frame| frame.is_fresh && frame.is_last);
        // Pages without the last one of their transaction are what an attempt has left that did not succeed.
        if self.head.is_none() || rest.any(|frame| frame.is_fresh && frame.is_last) {
            End::Gap
        } else if torn {
            End::Torn
        } else {
            End::Whole
        }
    }

    /// The pages, oldest first, each as its place in this log and its number in the file.
    pub(super) fn pages(&self) -> impl Iterator<Item = (u64, u32)> {
        let numbered = (0..).zip(&self.frames);
        numbered.filter(|(_, frame)| frame.is_fresh).map(|(place, frame)| (place, frame.number))
    }

    /// A page, by its place in this log.
    pub(super) fn page(&self, place: u64) -> io::Result<Vec<u8>> {
        let mut page = vec![0; PAGE];
        self.file.read_exact_at(&mut page, HEAD + place * FRAME + FRAME_HEAD)?;
        Ok(page)
    }

    /// Reads a frame; `sum` is that of all before it, as long as they are sound.
    fn frame(&self, place: u64, sum: &mut Option<Sum>) -> io::Result<Frame> {
        let mut head = [0; FRAME_HEAD as usize];
        self.file.read_exact_at(&mut head, HEAD + place * FRAME)?;
        let is_fresh = self.head.is_none_or(|log| head.get(8..16) == Some(log.salt.as_slice()));
        if let Some(before) = *sum {
            let due = before.over(head.get(..8).unwrap_or_default()).over(&self.page(place)?);
            *sum = Some(due).filter(|due| is_fresh && due.value == (word(&head, 16), word(&head, 20)));
        }
        Ok(Frame { number: word(&head, 0), is_last: word(&head, 4) != 0, is_fresh, is_sound: sum.is_some() })
    }
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let magic = word(bytes, 0);
        let sum = Sum { is_big_endian: magic & 1 == 1, value: (0, 0) }.over(bytes.get(..24)?);
        let is_sound = magic & !1 == MAGIC
            && usize::try_from(word(bytes, 8)).ok() == Some(PAGE)
            && sum.value == (word(bytes, 24), word(bytes, 28));
        is_sound.then_some(Self { salt: bytes.get(16..24)?.try_into().ok()?, sum })
    }
}

impl Sum {
    fn over(self, bytes: &[u8]) -> Self {
        let read = |bytes: &[u8]| if self.is_big_endian { word(bytes, 0) } else { word(bytes, 0).swap_bytes() };
        let (mut first, mut second) = self.value;
        for (one, other) in bytes.chunks_exact(8).map(|pair| pair.split_at(4)) {
            first = first.wrapping_add(read(one)).wrapping_add(second);
            second = second.wrapping_add(read(other)).wrapping_add(first);
        }
        Self { value: (first, second), ..self }
    }
}

const MAGIC: u32 = 0x377f_0682;

/// How long the log's head is.
const HEAD: u64 = 32;

/// How long the head of a page in it is.
const FRAME_HEAD: u64 = 24;

/// How long a page with its head is.
const FRAME: u64 = FRAME_HEAD + PAGE as u64;
