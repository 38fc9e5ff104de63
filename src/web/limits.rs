//! How much may be posted: a bucket for each peer and one for all that are let in.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use tokio::time::Instant;

use crate::rate::Rate;

/// What is still due.
#[derive(Debug)]
pub(super) struct Limits {
    /// When what each peer sent so far would all have been sent, had it come evenly. Only of those who are not done.
    peers: HashMap<IpAddr, Instant>,
    /// The same of all those together for whom there is no room in `peers`.
    others: Instant,
    /// The same of all who were let in.
    all: Instant,
}

impl Limits {
    pub(super) fn new(now: Instant) -> Self {
        Self { peers: HashMap::new(), others: now, all: now }
    }

    /// Counts a request of `peer`'s, whoever it is.
    ///
    /// # Errors
    /// How long it has to wait before the next one.
    pub(super) fn take_of(&mut self, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        let peer = network(peer);
        if !self.peers.contains_key(&peer) && self.peers.len() >= PEERS {
            self.peers.retain(|_, paid| *paid > now);
            if self.peers.len() >= PEERS {
                return PEER.take(&mut self.others, now);
            }
        }
        PEER.take(self.peers.entry(peer).or_insert(now), now)
    }

    /// Whether a request of `peer`'s would be counted without error.
    ///
    /// # Errors
    /// How long it has to wait before it is.
    pub(super) fn admits(&self, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        let paid = self.peers.get(&network(peer)).copied();
        let others = if self.peers.len() < PEERS { now } else { self.others };
        PEER.admits(paid.unwrap_or(others), now)
    }

    /// Counts a request that was let in: strangers must not use up what is due to others.
    ///
    /// # Errors
    /// How long it has to wait before the next one.
    pub(super) fn take_of_all(&mut self, now: Instant) -> Result<(), Duration> {
        ALL.take(&mut self.all, now)
    }
}

/// Who counts as one: an address, or the network of 64 bits that one host usually has with IPv6.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(peer) => IpAddr::V4(peer),
        IpAddr::V6(peer) => IpAddr::V6((peer.to_bits() >> 64 << 64).into()),
    }
}

/// What one peer may send: 200 requests at once, 20 a second.
const PEER: Rate = Rate { every: Duration::from_millis(50), burst: 200 };

/// What all together may send: 1,000 requests at once, 100 a second.
const ALL: Rate = Rate { every: Duration::from_millis(10), burst: 1_000 };

/// How many peers are known at the same time.
const PEERS: usize = 4_096;

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use tokio::time::advance;

    use super::*;

    fn peer(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + number).into()
    }

    fn taken(mut take: impl FnMut() -> Result<(), Duration>) -> (usize, Duration) {
        for count in 0.. {
            if let Err(wait) = take() {
                return (count, wait);
            }
        }
        unreachable!("a limit is met")
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_let_through_and_then_the_rate_is_kept() {
        let mut limits = Limits::new(Instant::now());
        let mut flood = || taken(|| limits.take_of(peer(1), Instant::now()));

        assert_eq!(flood(), (200, PEER.every));
        advance(Duration::from_secs(1)).await;
        assert_eq!(flood().0, 20);
        advance(Duration::from_secs(3600)).await;
        assert_eq!(flood().0, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn one_peer_uses_up_nothing_of_another() {
        let mut limits = Limits::new(Instant::now());
        let now = Instant::now();

        taken(|| limits.take_of(peer(1), now));

        assert_eq!(taken(|| limits.take_of(peer(2), now)).0, 200);
        assert_eq!(taken(|| limits.take_of_all(now)), (1_000, ALL.every));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_admitted_is_not_counted_for_it() {
        let mut limits = Limits::new(Instant::now());
        let now = Instant::now();

        assert!((0..1_000).all(|_| limits.admits(peer(1), now).is_ok()));
        taken(|| limits.take_of(peer(1), now));

        assert_eq!(limits.admits(peer(1), now), Err(PEER.every));
        assert!(limits.admits(peer(2), now).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_is_one_peer_whichever_address_it_takes() {
        let mut limits = Limits::new(Instant::now());
        let mut address = 0;
        let mut next = || {
            address += 1;
            Ipv6Addr::from_bits(0x2001_0db8 << 96 | address).into()
        };

        assert_eq!(taken(|| limits.take_of(next(), Instant::now())).0, 200);
        let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped().into();
        taken(|| limits.take_of(mapped, Instant::now()));
        assert!(limits.take_of(Ipv4Addr::LOCALHOST.into(), Instant::now()).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn the_table_of_peers_is_bounded_and_forgets_those_who_are_quiet() {
        let mut limits = Limits::new(Instant::now());

        for number in 0..20_000 {
            limits.take_of(peer(number), Instant::now()).unwrap_or_default();
        }
        assert_eq!(limits.peers.len(), PEERS);
        assert!(limits.take_of(peer(30_000), Instant::now()).is_err(), "those without a place share one bucket");
        assert!(limits.take_of(peer(1), Instant::now()).is_ok(), "those with a place do not notice");

        advance(Duration::from_secs(60)).await;
        assert!(limits.take_of(peer(30_000), Instant::now()).is_ok());
        assert_eq!(limits.peers.len(), 1);
    }
}
