//! Rate limits: one for each class of the design, counted by account or by address; by all copies of the server
//! together where the design has Redis, and otherwise in this process.

mod shared;

pub(crate) use shared::{LOOK_EVERY, Shared};

use crate::RateLimits;
use crate::problem::Problem;
use archwright_plan::model::Rate;
use archwright_store::Caller;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};
use shared::Taken;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Whom requests are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Account(u128),
    /// An IPv4 address, or the /64 network of an IPv6 address: a household gets that many.
    Address(u64),
}

impl Key {
    /// `None` for an id that is neither uuid nor number, which no account has.
    pub(crate) fn account(caller: &Caller) -> Option<Self> {
        let id = &caller.account_id;
        let uuid = uuid::Uuid::try_parse(id).map(|id| id.as_u128());
        uuid.ok().or(id.parse().ok()).map(Self::Account)
    }

    pub(crate) fn address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::Address(u64::from(address.to_bits())),
            IpAddr::V6(address) => Self::Address((address.to_bits() >> 64) as u64),
        }
    }
}

pub(crate) struct Limits {
    classes: Vec<Class>,
    clock: DefaultClock,
    shared: Option<Shared>,
}

struct Class {
    name: String,
    rate: Rate,
    limiter: RateLimiter<Key, DashMapStateStore<Key>, DefaultClock, StateInformationMiddleware>,
    policy: HeaderValue,
}

/// How a request stands with its limit; goes out in every reply.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub class: usize,
    remaining: u32,
}

impl Shared {
    /// Where limits are counted together with other copies.
    pub(crate) fn of(limits: Option<&Limits>) -> Option<&Self> {
        limits?.shared.as_ref()
    }
}

impl Limits {
    /// `rates` in the order in which classes are numbered.
    pub(crate) fn new(
        rates: &[(String, Rate)],
        options: RateLimits,
        shared: Option<Shared>,
    ) -> Option<Self> {
        let factor = match options {
            RateLimits::Off => return None,
            RateLimits::Planned => 1,
            RateLimits::Scaled(factor) => u64::from(factor.max(1)),
        };
        let classes = rates.iter().map(|(name, rate)| {
            let rate = Rate {
                count: rate.count.saturating_mul(factor),
                per_seconds: rate.per_seconds,
            };
            Class::new(name, rate)
        });
        Some(Self {
            classes: classes.collect(),
            clock: DefaultClock::default(),
            shared,
        })
    }

    /// Counts one request.
    pub(crate) async fn take(&self, class: usize, key: Key) -> (Standing, Result<(), Problem>) {
        let limit = &self.classes[class];
        let shared = match &self.shared {
            Some(shared) => shared.take(&limit.name, key, &limit.rate).await,
            None => None,
        };
        match shared.unwrap_or_else(|| limit.take(key, &self.clock)) {
            Taken::Allowed(remaining) => (Standing { class, remaining }, Ok(())),
            Taken::Refused(wait) => {
                let standing = Standing {
                    class,
                    remaining: 0,
                };
                (standing, Err(limit.refusal(seconds(wait))))
            }
        }
    }

    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
    pub(crate) fn write(&self, standing: &Standing, headers: &mut HeaderMap) {
        let class = &self.classes[standing.class];
        let used = class
            .rate
            .count
            .saturating_sub(u64::from(standing.remaining));
        let reset = (used * class.rate.per_seconds).div_ceil(class.rate.count);
        let text = format!("\"{}\";r={};t={reset}", class.name, standing.remaining);
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(LIMIT, value);
        }
        headers.insert(POLICY, class.policy.clone());
    }

    /// Forgets those who have their whole allowance back.
    pub(crate) fn purge(&self) {
        for class in &self.classes {
            class.limiter.retain_recent();
        }
    }
}

impl Class {
    fn new(name: &str, rate: Rate) -> Self {
        let count = u32::try_from(rate.count).unwrap_or(u32::MAX).max(1);
        let burst = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let rate = Rate {
            count: u64::from(count),
            per_seconds: rate.per_seconds.max(1),
        };
        let period = Duration::from_secs(rate.per_seconds) / count;
        let quota = Quota::with_period(period.max(Duration::from_nanos(1)))
            .unwrap_or(Quota::per_second(burst))
            .allow_burst(burst);
        let policy = format!("\"{name}\";q={count};w={}", rate.per_seconds);
        Self {
            name: name.to_owned(),
            limiter: RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>(),
            // Names of classes are words.
            policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("")),
            rate,
        }
    }

    /// Counts in this process.
    fn take(&self, key: Key, clock: &DefaultClock) -> Taken {
        match self.limiter.check_key(&key) {
            Ok(state) => Taken::Allowed(state.remaining_burst_capacity()),
            Err(refused) => Taken::Refused(refused.wait_time_from(clock.now())),
        }
    }

    fn refusal(&self, wait: u64) -> Problem {
        let detail = format!(
            "At most {} requests of the class `{}` are answered in {} seconds; try again in {wait}.",
            self.rate.count, self.name, self.rate.per_seconds
        );
        Problem::new(429, "rate-limited", detail).with(RETRY_AFTER, wait.into())
    }
}

/// Whole seconds, rounded up, at least one.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0 || wait.is_zero())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    fn limits(options: RateLimits) -> Option<Limits> {
        let rate = Rate {
            count: 2,
            per_seconds: 3_600,
        };
        Limits::new(&[("sign-in".to_owned(), rate)], options, None)
    }

    fn here() -> Key {
        Key::address("192.0.2.1".parse().unwrap())
    }

    #[tokio::test]
    async fn more_than_the_allowance_is_refused_with_a_time_to_come_back() {
        let limits = limits(RateLimits::Planned).unwrap();
        let (standing, taken) = limits.take(0, here()).await;
        assert!(taken.is_ok());
        let mut headers = HeaderMap::new();
        limits.write(&standing, &mut headers);
        assert_eq!(headers[LIMIT], "\"sign-in\";r=1;t=1800");
        assert_eq!(headers[POLICY], "\"sign-in\";q=2;w=3600");
        assert!(limits.take(0, here()).await.1.is_ok());
        let (_, refused) = limits.take(0, here()).await;
        let problem = refused.unwrap_err();
        assert_eq!(problem.status, 429);
        let (name, value) = &problem.headers[0];
        assert_eq!(*name, RETRY_AFTER);
        let wait: u64 = value.to_str().unwrap().parse().unwrap();
        assert!((1..=1_800).contains(&wait), "{wait}");
        let other = Key::address("192.0.2.2".parse().unwrap());
        assert!(limits.take(0, other).await.1.is_ok());
    }

    #[tokio::test]
    async fn limits_can_be_widened_and_switched_off() {
        let limits_off = limits(RateLimits::Off);
        assert!(limits_off.is_none());
        let wide = limits(RateLimits::Scaled(3)).unwrap();
        let mut answered = 0;
        for _ in 0..10 {
            answered += usize::from(wide.take(0, here()).await.1.is_ok());
        }
        assert_eq!(answered, 6);
    }

    #[test]
    fn addresses_of_one_network_share_an_allowance() {
        let key = |text: &str| Key::address(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
