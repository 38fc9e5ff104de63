//! Who listens to the stream, and what each of them is still to be given.

use std::{
    cell::RefCell,
    io::{self, Write as _},
    rc::{Rc, Weak},
};

use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Notify, time::Instant};

use super::Written;

/// All listeners.
#[derive(Default)]
pub(super) struct Hub(RefCell<Vec<Weak<Listener>>>);

/// Somebody who listens.
pub(super) struct Listener {
    patterns: Vec<String>,
    waiting: RefCell<Waiting>,
    more: Notify,
}

/// What is to be written next, and the numbers of the commands whose end is in it.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    ends: Vec<u64>,
}

impl Hub {
    /// Adds somebody who wants the events that match one of `events`, which commas part.
    pub(super) fn join(&self, events: &str) -> Rc<Listener> {
        let patterns = events.replace("%2C", ",").replace("%2A", "*").split(',').map(str::to_owned).collect();
        let listener = Rc::new(Listener { patterns, waiting: RefCell::default(), more: Notify::new() });
        let mut all = self.0.borrow_mut();
        all.retain(|other| other.strong_count() > 0);
        all.push(Rc::downgrade(&listener));
        listener
    }

    /// Gives an event to those who want it; it is the end of command `end`, if any.
    pub(super) fn publish(&self, name: &str, data: &[u8], end: Option<u64>) {
        for listener in self.0.borrow().iter().filter_map(Weak::upgrade).filter(|it| it.wants(name)) {
            let mut waiting = listener.waiting.borrow_mut();
            let length = "event: \ndata: \n\n".len() + name.len() + data.len();
            // Into memory, which cannot fail.
            drop(write!(waiting.bytes, "{length:X}\r\nevent: {name}\ndata: "));
            waiting.bytes.extend_from_slice(data);
            waiting.bytes.extend_from_slice(b"\n\n\r\n");
            waiting.ends.extend(end);
            listener.more.notify_one();
        }
    }
}

impl Listener {
    fn wants(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => pattern == name,
        })
    }

    /// Writes all that comes until the connection ends; `written` learns when each end went out.
    pub(super) async fn serve(&self, stream: &mut TcpStream, written: &Written) -> io::Result<()> {
        let mut now = Waiting::default();
        loop {
            tokio::select! {
                () = self.more.notified() => {}
                gone = stream.readable() => {
                    gone?;
                    if stream.try_read(&mut [0; 64]).is_ok_and(|read| read == 0) {
                        return Ok(());
                    }
                    continue;
                }
            }
            std::mem::swap(&mut now, &mut self.waiting.borrow_mut());
            written.note(&now.ends, Instant::now());
            stream.write_all(&now.bytes).await?;
            now.bytes.clear();
            now.ends.clear();
        }
    }
}
