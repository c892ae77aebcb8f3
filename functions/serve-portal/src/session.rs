//! Cookies: the session, and a sign-in that is under way.
//!
//! Both are `HttpOnly`, `Secure` and `SameSite=Lax`, and named with `__Host-`, so that no other host can set them. The one
//! exception is an installation on this machine over http: browsers differ on whether that may have `Secure` cookies, so
//! there they are named and set without.

use http::HeaderMap;
use http::header::COOKIE;
use url::{Host, Url};

/// How the portal's cookies are named and set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookies {
    is_local: bool,
}

/// One of the portal's cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The session's secret, which the API gave.
    Session,
    /// What a sign-in that is under way has to be met with.
    SignIn,
    /// The language that somebody chose.
    Language,
}

impl Cookie {
    fn name(self) -> &'static str {
        match self {
            Self::Session => "holdfast",
            Self::SignIn => "holdfast-sign-in",
            Self::Language => "holdfast-language",
        }
    }
}

impl Cookies {
    /// Those of a portal at that address.
    ///
    /// # Errors
    /// When it is not of HTTPS, unless it is of this machine.
    pub fn for_address(url: &Url) -> Result<Self, String> {
        match (url.scheme(), is_loopback(url)) {
            ("https", _) => Ok(Self { is_local: false }),
            ("http", true) => Ok(Self { is_local: true }),
            _ => Err("the public address is neither of HTTPS nor of this machine".to_owned()),
        }
    }

    /// The header that sets the cookie, for so many seconds; or until the browser is closed.
    pub fn set(self, cookie: Cookie, value: &str, seconds: Option<u32>) -> String {
        let age = seconds.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
        let secure = if self.is_local { "" } else { "; Secure" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", self.named(cookie))
    }

    /// The header that takes the cookie away.
    pub fn end(self, cookie: Cookie) -> String {
        self.set(cookie, "", Some(0))
    }

    /// The cookie's value, where the request has it once.
    pub fn find(self, headers: &HeaderMap, cookie: Cookie) -> Option<String> {
        let name = self.named(cookie);
        let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut found = all.flat_map(|all| all.split(';')).filter_map(|one| one.trim().split_once('='));
        found.find(|(n, value)| *n == name && !value.is_empty()).map(|(_, value)| value.to_owned())
    }

    fn named(self, cookie: Cookie) -> String {
        if self.is_local { format!("{}-local", cookie.name()) } else { format!("__Host-{}", cookie.name()) }
    }
}

/// Whether an address is of this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Cookies, String> {
        Cookies::for_address(&url.parse().unwrap())
    }

    #[test]
    fn cookies_are_bound_to_the_host_and_to_https() {
        let set = of("https://portal.example").unwrap().set(Cookie::Session, "hfs_1", Some(60));
        assert_eq!(set, "__Host-holdfast=hfs_1; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60");
    }

    #[test]
    fn only_an_address_of_this_machine_may_do_without_https() {
        for local in ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:2"] {
            let set = of(local).unwrap().set(Cookie::Session, "hfs_1", None);
            assert_eq!(set, "holdfast-local=hfs_1; Path=/; HttpOnly; SameSite=Lax", "{local}");
        }
        for other in ["http://portal.example", "http://127.0.0.1.example", "ftp://127.0.0.1"] {
            assert!(of(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_cookie_of_another_name_is_not_the_session() {
        let cookies = of("https://portal.example").unwrap();
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "holdfast=a; holdfast-local=b; x__Host-holdfast=c".parse().unwrap());
        assert_eq!(cookies.find(&headers, Cookie::Session), None);
        headers.append(COOKIE, "y=1; __Host-holdfast=hfs_2".parse().unwrap());
        assert_eq!(cookies.find(&headers, Cookie::Session).as_deref(), Some("hfs_2"));
    }
}
