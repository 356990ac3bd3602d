//! What a database URL asks for. How the connection is encrypted is read here: the client library knows less of it.

use super::tls::Encryption;
use crate::OpenError;
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, SslNegotiation};

#[derive(Clone)]
pub(crate) struct Settings {
    pub config: Config,
    pub encryption: Encryption,
}

impl Settings {
    pub fn parse(url: &str) -> Result<Self, OpenError> {
        let parts = split(url);
        let understood = parts.rest.parse();
        let mut config: Config = understood.map_err(|_| OpenError::Url(url.to_owned()))?;
        let (mode, root) = (parts.mode.as_deref(), parts.root.as_deref());
        let mut encryption = Encryption::new(mode, root).map_err(OpenError::Encryption)?;
        encryption.is_direct = config.get_ssl_negotiation() == SslNegotiation::Direct;
        // The client library gets a stream that is encrypted already, or is to stay plain.
        config.ssl_mode(SslMode::Require);
        config.ssl_negotiation(SslNegotiation::Direct);
        Ok(Self { config, encryption })
    }
}

struct Parts {
    rest: String,
    mode: Option<String>,
    root: Option<String>,
}

/// Parameters that a URL may have, as far as they can stand before an `@` of its query.
const PARAMETERS: [&str; 20] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Where the `@` stands behind user and password. A password may hold a question mark, and a query an `@`: what comes
/// after a slash is a query, and otherwise what has a parameter, or comes after a mere host.
pub(crate) fn user_end(url: &str) -> Option<usize> {
    let start = url.find("://")? + 3;
    let at = start + url[start..].find('@')?;
    let Some((before, query)) = url[start..at].split_once('?') else {
        return Some(at);
    };
    let names = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut names = names.map(|(name, _)| name);
    let is_query = before.contains('/')
        || names.any(|name| PARAMETERS.contains(&name))
        || (is_host(before) && query.contains('='));
    (!is_query).then_some(at)
}

/// Whether there is no password in it: a colon is followed by a port.
pub(crate) fn is_host(text: &str) -> bool {
    let port = text.rsplit_once(':').map_or("", |(_, port)| port);
    port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Takes `sslmode` and `sslrootcert` out of the query.
fn split(url: &str) -> Parts {
    let mut parts = Parts {
        rest: url.to_owned(),
        mode: None,
        root: None,
    };
    let after_user = user_end(url).unwrap_or(0);
    let Some(mark) = url[after_user..].find('?') else {
        return parts;
    };
    let (start, query) = (&url[..after_user + mark], &url[after_user + mark + 1..]);
    let mut others = Vec::new();
    for pair in query.split('&') {
        let decoded = |value| Some(percent_decode_str(value).decode_utf8_lossy().into_owned());
        match pair.split_once('=') {
            Some(("sslmode", mode)) => parts.mode = decoded(mode),
            Some(("sslrootcert", root)) => parts.root = decoded(root),
            _ => others.push(pair),
        }
    }
    parts.rest = match others.is_empty() {
        true => start.to_owned(),
        // The client library takes what stands before an `@` for the user.
        false => format!("{start}?{}", others.join("&").replace('@', "%40")),
    };
    parts
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_encryption_is_taken_out_of_the_url() {
        let check = |url: &str, rest: &str, mode: Option<&str>, root: Option<&str>| {
            let parts = split(url);
            let found = (
                parts.rest.as_str(),
                parts.mode.as_deref(),
                parts.root.as_deref(),
            );
            assert_eq!(found, (rest, mode, root), "{url}");
        };
        check("postgres://db/shop", "postgres://db/shop", None, None);
        check(
            "postgres://ann:a?b@db/shop?sslmode=verify-full&options=-csearch_path%3Dx&sslrootcert=%2Fetc%2Fca.pem",
            "postgres://ann:a?b@db/shop?options=-csearch_path%3Dx",
            Some("verify-full"),
            Some("/etc/ca.pem"),
        );
        check(
            "postgres://db/shop?password=s3@cret&sslmode=require",
            "postgres://db/shop?password=s3%40cret",
            Some("require"),
            None,
        );
        check(
            "postgres://db/shop?keepalives_idle=5&user=ann&password=s3x@cret:nn&sslmode=require",
            "postgres://db/shop?keepalives_idle=5&user=ann&password=s3x%40cret:nn",
            Some("require"),
            None,
        );
        check(
            "postgres://db:5432?usr=ann&pasword=s3@cret",
            "postgres://db:5432?usr=ann&pasword=s3%40cret",
            None,
            None,
        );
        check(
            "postgres://db?sslmode=require",
            "postgres://db",
            Some("require"),
            None,
        );
    }

    #[test]
    fn what_stands_in_a_query_is_no_host() {
        let settings = Settings::parse("postgres://db/shop?user=ann&password=s3@cret").unwrap();
        let host = tokio_postgres::config::Host::Tcp("db".to_owned());
        assert_eq!(settings.config.get_hosts(), [host]);
        assert_eq!(settings.config.get_user(), Some("ann"));
        assert_eq!(settings.config.get_password(), Some(&b"s3@cret"[..]));
        let odd = "postgres://db/shop?keepalives_idle=5&user=ann&password=s3:x@cret";
        let settings = Settings::parse(odd).unwrap();
        let host = tokio_postgres::config::Host::Tcp("db".to_owned());
        assert_eq!(settings.config.get_hosts(), [host]);
        assert_eq!(settings.config.get_password(), Some(&b"s3:x@cret"[..]));
    }

    #[test]
    fn modes_that_are_not_known_are_told_with_those_that_are() {
        let refused = |url: &str| match Settings::parse(url) {
            Err(error) => error.to_string(),
            Ok(_) => String::new(),
        };
        let told = refused("postgres://db/shop?sslmode=allow");
        assert!(told.contains("`sslmode=allow`"), "{told}");
        assert!(told.contains("verify-full"), "{told}");
        let told = refused("postgres://db/shop?sslmode=verify-ca&sslrootcert=/no/such/file.pem");
        assert!(told.contains("/no/such/file.pem"), "{told}");
        for weak in ["disable", "prefer", "require", "verify-ca"] {
            let told = refused(&format!(
                "postgres://db/shop?sslmode={weak}&sslrootcert=system"
            ));
            assert!(told.contains("write `sslmode=verify-full`"), "{told}");
        }
        let told = refused("postgres://db/shop?sslmode=prefer&sslrootcert=/etc/ca.pem");
        assert!(told.contains("write `sslmode=verify-full`"), "{told}");
        assert!(Settings::parse("postgres://db/shop?sslrootcert=system").is_ok());
        assert!(Settings::parse("postgres://db/shop?sslmode=require").is_ok());
        assert!(Settings::parse("postgres://db/shop?sslmode=verify-full").is_ok());
    }
}
