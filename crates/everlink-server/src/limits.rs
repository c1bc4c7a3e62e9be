//! How much each user and each address may use.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use everlink_engine::Timestamp;
use everlink_engine::server::{RateLimit, TokenBucket};
use parking_lot::Mutex;

use crate::speech::Name;

/// What each user and each address may use; `None` is without a limit, and so is the default.
///
/// Addresses are known where the application serves with connect info; of IPv6, a network of 64 bits
/// counts as one. Leave `by_address` alone behind a proxy, whose address all clients share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// For each known user, over all his connections.
    pub by_user: Quotas,
    /// For each address, over all its connections.
    pub by_address: Quotas,
}

/// What one user or one address may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Connections at once. Beyond it the next one is refused: with HTTP 429 before the upgrade where
    /// the address is over it, else with close code 4300.
    pub connections: Option<NonZeroU32>,
    /// Connections opened in a minute; as many may come at once. Refused as above.
    pub attaches_a_minute: Option<NonZeroU32>,
    /// Messages and volatile values sent in a second; as many may come at once. Beyond it the client is
    /// told once and read no further until it may go on: nothing is dropped.
    pub messages_a_second: Option<NonZeroU32>,
    /// Bytes of these in a second. As above.
    pub bytes_a_second: Option<NonZeroU32>,
}

/// Something is used up; when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) what: &'static str,
    pub(crate) retry: Duration,
}

/// Whose limits they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Principal {
    User(Name),
    Address(IpAddr),
}

impl Principal {
    pub(crate) fn address(ip: IpAddr) -> Self {
        Self::Address(match ip.to_canonical() {
            IpAddr::V4(ip) => IpAddr::V4(ip),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

/// What everyone uses now.
#[derive(Debug)]
pub(crate) struct Accounts {
    limits: Limits,
    frame_max: NonZeroU32,
    accounts: DashMap<Principal, Arc<Account>>,
}

impl Accounts {
    pub(crate) fn new(limits: Limits, frame_max: usize) -> Self {
        let frame_max = u32::try_from(frame_max).ok().and_then(NonZeroU32::new);
        let frame_max = frame_max.unwrap_or(NonZeroU32::MAX);
        Self { limits, frame_max, accounts: DashMap::new() }
    }

    /// Takes a seat for a connection; `None` where nothing is limited.
    pub(crate) fn take_seat(
        &self,
        principal: Principal,
        now: Timestamp,
    ) -> Result<Option<Seat>, Exceeded> {
        let quotas = match principal {
            Principal::User(_) => self.limits.by_user,
            Principal::Address(_) => self.limits.by_address,
        };
        if quotas == Quotas::default() {
            return Ok(None);
        }
        if self.accounts.len() >= ACCOUNTS_MAX && !self.accounts.contains_key(&principal) {
            return Err(Exceeded { what: "accounts", retry: SEAT_RETRY });
        }
        let account = Arc::clone(
            &self
                .accounts
                .entry(principal)
                .or_insert_with(|| Arc::new(Account::new(&quotas, self.frame_max))),
        );
        account.attach(&quotas, now)?;
        Ok(Some(Seat { account }))
    }

    /// Charges a message that comes without a connection, unless more is owed already: returns how long until it
    /// is paid.
    pub(crate) fn spend(
        &self,
        principal: Principal,
        now: Timestamp,
        bytes: u32,
    ) -> Result<(), Duration> {
        let quotas = match principal {
            Principal::User(_) => self.limits.by_user,
            Principal::Address(_) => self.limits.by_address,
        };
        if quotas.messages_a_second.is_none() && quotas.bytes_a_second.is_none() {
            return Ok(());
        }
        if self.accounts.len() >= ACCOUNTS_MAX && !self.accounts.contains_key(&principal) {
            return Err(SEAT_RETRY);
        }
        let account = Arc::clone(
            &self
                .accounts
                .entry(principal)
                .or_insert_with(|| Arc::new(Account::new(&quotas, self.frame_max))),
        );
        account.unused.store(0, Ordering::Relaxed);
        if let Some(paid) =
            owe(account.messages.as_ref(), now, 0).max(owe(account.bytes.as_ref(), now, 0))
        {
            return Err(paid.since(now));
        }
        owe(account.messages.as_ref(), now, 1);
        owe(account.bytes.as_ref(), now, bytes);
        Ok(())
    }

    /// Forgets those that nobody uses and whose quotas are whole again.
    pub(crate) fn sweep(&self) {
        self.accounts.retain(|_, account| Arc::strong_count(account) > 1 || account.age());
    }

    /// Returns how many messages a second a user may send, for `welcome`.
    pub(crate) fn rate(&self) -> Option<u32> {
        let Limits { by_user, by_address } = self.limits;
        let rates = [by_user.messages_a_second, by_address.messages_a_second];
        rates.into_iter().flatten().min().map(NonZeroU32::get)
    }
}

/// A connection's place in an account; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    account: Arc<Account>,
}

impl Seat {
    /// Charges a message of so many bytes. What exceeds the quotas is owed: returns when it is paid.
    pub(crate) fn charge(&self, now: Timestamp, bytes: u32) -> Option<Timestamp> {
        let Account { messages, bytes: volume, .. } = &*self.account;
        let messages = owe(messages.as_ref(), now, 1);
        let volume = owe(volume.as_ref(), now, bytes);
        messages.max(volume)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.account.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Account {
    connections: AtomicU32,
    /// Sweeps since it was last used.
    unused: AtomicU32,
    attaches: Option<Mutex<TokenBucket>>,
    messages: Option<Mutex<TokenBucket>>,
    bytes: Option<Mutex<TokenBucket>>,
}

impl Account {
    fn new(quotas: &Quotas, frame_max: NonZeroU32) -> Self {
        let bucket = |rate: Option<NonZeroU32>, burst: Option<NonZeroU32>| {
            let per_second = rate?;
            let burst = burst.map_or(per_second, |burst| burst.max(per_second));
            Some(Mutex::new(TokenBucket::new(RateLimit { per_second, burst })))
        };
        Self {
            connections: AtomicU32::new(0),
            unused: AtomicU32::new(0),
            // A token is a sixtieth of an attach, so that rates below one a second can be had.
            attaches: bucket(
                quotas.attaches_a_minute,
                quotas.attaches_a_minute.map(|n| n.saturating_mul(SIXTY)),
            ),
            messages: bucket(quotas.messages_a_second, None),
            // The largest message must fit, however small the rate.
            bytes: bucket(quotas.bytes_a_second, Some(frame_max)),
        }
    }

    fn attach(&self, quotas: &Quotas, now: Timestamp) -> Result<(), Exceeded> {
        self.unused.store(0, Ordering::Relaxed);
        if let Some(attaches) = &self.attaches {
            let mut attaches = attaches.lock();
            if !attaches.take(now, SIXTY.get()) {
                let retry = attaches.ready_at(SIXTY.get()).since(now);
                return Err(Exceeded { what: "connections a minute", retry });
            }
        }
        let before = self.connections.fetch_add(1, Ordering::Relaxed);
        if quotas.connections.is_some_and(|max| before >= max.get()) {
            self.connections.fetch_sub(1, Ordering::Relaxed);
            return Err(Exceeded { what: "connections", retry: SEAT_RETRY });
        }
        Ok(())
    }

    /// Returns whether it is still to be kept.
    fn age(&self) -> bool {
        self.unused.fetch_add(1, Ordering::Relaxed) < SWEEPS_KEPT
    }
}

/// Returns until when a debt lasts, if there is one.
fn owe(bucket: Option<&Mutex<TokenBucket>>, now: Timestamp, tokens: u32) -> Option<Timestamp> {
    let mut bucket = bucket?.lock();
    bucket.owe(now, tokens);
    let burst = bucket.limit().burst.get();
    (bucket.debt(now) > 0).then(|| bucket.ready_at(1.min(burst)))
}

/// When to try again where nobody can know.
const SEAT_RETRY: Duration = Duration::from_secs(10);

const SIXTY: NonZeroU32 = NonZeroU32::new(60).expect("it is not zero");

/// Accounts that are kept at once.
const ACCOUNTS_MAX: usize = 1_000_000;

/// Sweeps that an unused account outlives: more than a minute, after which all quotas are whole.
const SWEEPS_KEPT: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(quotas: Quotas) -> Accounts {
        Accounts::new(Limits { by_user: quotas, by_address: quotas }, 1024)
    }

    #[test]
    fn the_seats_of_one_address_are_counted_and_given_back() {
        let accounts = accounts(Quotas { connections: NonZeroU32::new(2), ..Quotas::default() });
        let here = || Principal::address("10.0.0.1".parse().unwrap());
        let first = accounts.take_seat(here(), Timestamp::ZERO).unwrap();
        let _second = accounts.take_seat(here(), Timestamp::ZERO).unwrap();
        assert_eq!(accounts.take_seat(here(), Timestamp::ZERO).unwrap_err().what, "connections");
        let there = Principal::address("10.0.0.2".parse().unwrap());
        accounts.take_seat(there, Timestamp::ZERO).unwrap();
        drop(first);
        accounts.take_seat(here(), Timestamp::ZERO).unwrap();
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let principal = |ip: &str| Principal::address(ip.parse().unwrap());
        assert_eq!(principal("2001:db8::1"), principal("2001:db8::2"));
        assert_ne!(principal("2001:db8::1"), principal("2001:db8:0:1::1"));
        assert_eq!(principal("::ffff:10.0.0.1"), principal("10.0.0.1"));
    }

    #[test]
    fn quotas_say_when_there_is_room_again() {
        let accounts = accounts(Quotas {
            messages_a_second: NonZeroU32::new(2),
            bytes_a_second: NonZeroU32::new(100),
            ..Quotas::default()
        });
        let seat =
            accounts.take_seat(Principal::User("a".into()), Timestamp::ZERO).unwrap().unwrap();
        assert_eq!(seat.charge(Timestamp::ZERO, 1024), None, "the largest message fits");
        let paid = seat.charge(Timestamp::ZERO, 100).unwrap();
        assert!(paid.since(Timestamp::ZERO) <= Duration::from_secs(2), "{paid:?}");
        let later = seat.charge(Timestamp::ZERO, 0).unwrap();
        assert!(later > paid || later.since(Timestamp::ZERO) > Duration::ZERO, "messages too");
    }

    #[test]
    fn attaches_come_back_one_by_one() {
        let accounts =
            accounts(Quotas { attaches_a_minute: NonZeroU32::new(2), ..Quotas::default() });
        let attach = |seconds: u64| {
            let now = Timestamp::from_millis(seconds * 1000);
            accounts.take_seat(Principal::User("a".into()), now).map(|_| ())
        };
        assert_eq!((attach(0), attach(0)), (Ok(()), Ok(())));
        let exceeded = attach(0).unwrap_err();
        assert_eq!(exceeded.what, "connections a minute");
        assert_eq!(exceeded.retry, Duration::from_secs(30));
        assert_eq!(attach(30), Ok(()));
        assert!(attach(31).is_err());
    }

    #[test]
    fn unused_accounts_are_forgotten_once_their_quotas_are_whole() {
        let accounts = accounts(Quotas { connections: NonZeroU32::new(2), ..Quotas::default() });
        drop(accounts.take_seat(Principal::User("a".into()), Timestamp::ZERO).unwrap());
        for _ in 0..SWEEPS_KEPT {
            accounts.sweep();
        }
        assert_eq!(accounts.accounts.len(), 1);
        accounts.sweep();
        assert_eq!(accounts.accounts.len(), 0);
    }
}
