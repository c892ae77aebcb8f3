//! Where Graph and its login are, and how we introduce ourselves.

use domain::{Error, Result};
use std::time::Duration;
use url::{Host, Url};

/// Endpoints and manners. The defaults are the worldwide cloud's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphSettings {
    /// Base of Graph without a version: `https://graph.microsoft.com`.
    pub graph_url: String,
    /// Base of the login: `https://login.microsoftonline.com`.
    pub login_url: String,
    /// `User-Agent` of every call.
    pub user_agent: String,
    /// Whether reads yield to the customer's own traffic (`x-ms-throttle-priority: low`).
    pub low_priority: bool,
    /// The share of Microsoft's published limits for one tenant that is used at most, in thousandths. All functions
    /// with this application that may be at the same tenant at once use 900 together: calls may arrive closer
    /// together than they were sent.
    pub tenant_permille: u32,
    /// How many functions with this application may run at once. Each has an even part of one half of the application's limits
    /// over all tenants; the other half is leased to those that need it ([`engine::limit_shares`]).
    pub instances: u32,
    /// How long the whole of an answer is waited for, however steadily its pieces come; less where the deadline is nearer.
    pub answer_within: Duration,
}

impl Default for GraphSettings {
    fn default() -> Self {
        Self {
            graph_url: "https://graph.microsoft.com".to_owned(),
            login_url: "https://login.microsoftonline.com".to_owned(),
            user_agent: concat!("Holdfast/", env!("CARGO_PKG_VERSION")).to_owned(),
            low_priority: true,
            tenant_permille: 900,
            instances: 1,
            answer_within: Duration::from_mins(5),
        }
    }
}

/// One of Microsoft's clouds: a tenant is in one of them, and so are the applications that read it.
#[derive(Debug, PartialEq, Eq)]
pub struct MicrosoftCloud {
    /// What Microsoft calls it.
    pub name: &'static str,
    /// The host of its Graph; a token for it is asked for by that name.
    pub graph: &'static str,
    /// The hosts of its login; the last is the one that Microsoft names today.
    pub logins: &'static [&'static str],
}

/// Microsoft's clouds. Source: learn.microsoft.com/graph/deployments and
/// learn.microsoft.com/entra/identity-platform/authentication-national-cloud.
pub static MICROSOFT_CLOUDS: [MicrosoftCloud; 4] = [
    MicrosoftCloud {
        name: "the global service",
        graph: "graph.microsoft.com",
        logins: &["login.microsoftonline.com"],
    },
    MicrosoftCloud {
        name: "US Government L4",
        graph: "graph.microsoft.us",
        logins: &["login.microsoftonline.us"],
    },
    MicrosoftCloud {
        name: "US Government L5 (DoD)",
        graph: "dod-graph.microsoft.us",
        logins: &["login.microsoftonline.us"],
    },
    MicrosoftCloud {
        name: "China, operated by 21Vianet",
        graph: "microsoftgraph.chinacloudapi.cn",
        logins: &["login.chinacloudapi.cn", "login.partner.microsoftonline.cn"],
    },
];

impl GraphSettings {
    /// The setting that names another Graph.
    pub const GRAPH_URL: &'static str = "HOLDFAST_GRAPH_URL";
    /// The setting that names another login.
    pub const LOGIN_URL: &'static str = "HOLDFAST_LOGIN_URL";
    /// The setting that says which share of a tenant's limits this function may use for reading.
    pub const READER_PERMILLE: &'static str = "HOLDFAST_READER_PERMILLE";
    /// The setting that says how many functions share the reading application's limits.
    pub const READER_INSTANCES: &'static str = "HOLDFAST_READER_INSTANCES";
    /// The setting that says how many functions share the writing application's limits.
    pub const WRITER_INSTANCES: &'static str = "HOLDFAST_WRITER_INSTANCES";

    /// The addresses that `find` gives by name (the environment's, in a function); defaults for the rest.
    pub fn from_settings(find: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name| find(name).filter(|v| !v.trim().is_empty());
        let mut settings = Self::default();
        if let Some(url) = given(Self::GRAPH_URL) {
            settings.graph_url = url;
        }
        if let Some(url) = given(Self::LOGIN_URL) {
            settings.login_url = url;
        }
        settings
    }

    /// The same with the shares of limits that are for reading.
    ///
    /// # Errors
    /// `Invalid`, naming the setting that is no number from 1 on.
    pub fn for_reading(find: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let settings = Self::from_settings(&find);
        let tenant_permille = number(&find, Self::READER_PERMILLE, settings.tenant_permille)?;
        let instances = number(&find, Self::READER_INSTANCES, settings.instances)?;
        Ok(Self { tenant_permille, instances, ..settings })
    }

    /// The same with the shares of limits that are for writing.
    ///
    /// # Errors
    /// As [`Self::for_reading`].
    pub fn for_writing(find: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let settings = Self::from_settings(&find);
        let instances = number(&find, Self::WRITER_INSTANCES, settings.instances)?;
        Ok(Self { instances, ..settings })
    }

    /// The two addresses, Graph's and the login's.
    ///
    /// # Errors
    /// `Invalid`, naming the setting, unless it is one of Microsoft's hosts, or this machine: customers' tokens and the
    /// applications' credentials are sent there.
    pub fn addresses(&self) -> Result<(Url, Url)> {
        let graph = base_url(Self::GRAPH_URL, &self.graph_url, &Self::graph_hosts())?;
        let login = base_url(Self::LOGIN_URL, &self.login_url, &Self::login_hosts())?;
        // Why: no cloud takes the tokens of another, and the first to hear of it would be a customer who consents.
        if let Some(cloud) = cloud_of(&graph)
            && Self::login_hosts().iter().any(|host| login.host_str() == Some(host))
            && cloud.logins.iter().all(|host| login.host_str() != Some(host))
        {
            let message = format!("must be the login of the cloud of Graph's: {}", cloud.logins.join(" or "));
            return Err(Error::invalid_field(Self::LOGIN_URL, message));
        }
        Ok((graph, login))
    }

    /// Whether the login is Microsoft's own and no stand-in for it.
    pub fn is_microsofts_login(&self) -> bool {
        let host = Url::parse(&self.login_url).ok().and_then(|u| u.host_str().map(str::to_owned));
        host.is_some_and(|host| Self::login_hosts().contains(&host.as_str()))
    }

    /// Hosts of Graph in Microsoft's clouds.
    pub fn graph_hosts() -> Vec<&'static str> {
        MICROSOFT_CLOUDS.iter().map(|cloud| cloud.graph).collect()
    }

    /// Hosts of the login in Microsoft's clouds; two clouds share one.
    pub fn login_hosts() -> Vec<&'static str> {
        let mut hosts: Vec<_> = MICROSOFT_CLOUDS.iter().flat_map(|cloud| cloud.logins).copied().collect();
        hosts.dedup();
        hosts
    }

    /// The OAuth scope of the Graph in use.
    pub(crate) fn scope(&self) -> String {
        let cloud = Url::parse(&self.graph_url).ok().and_then(|url| cloud_of(&url));
        format!("https://{}/.default", cloud.unwrap_or(&MICROSOFT_CLOUDS[0]).graph)
    }
}

/// The cloud whose Graph that is; none for a stand-in.
fn cloud_of(graph: &Url) -> Option<&'static MicrosoftCloud> {
    MICROSOFT_CLOUDS.iter().find(|cloud| graph.host_str() == Some(cloud.graph))
}

fn number(find: impl Fn(&str) -> Option<String>, name: &str, default: u32) -> Result<u32> {
    let Some(text) = find(name).filter(|text| !text.trim().is_empty()) else { return Ok(default) };
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Error::invalid_field(name, "must be a number from 1 on"))
}

/// A base address, without a slash at its end.
///
/// # Errors
/// `Invalid` unless it is `https` to one of these hosts, or to this machine, where nobody else can listen.
fn base_url(name: &str, text: &str, hosts: &[&str]) -> Result<Url> {
    let url = Url::parse(text.trim_end_matches('/'))
        .map_err(|e| Error::invalid_field(name, "not an address").caused_by(e))?;
    let is_known = url.scheme() == "https" && url.host_str().is_some_and(|host| hosts.contains(&host));
    if !(is_known || is_loopback(&url) && matches!(url.scheme(), "http" | "https")) {
        let message = format!("must be https to one of {}, or this machine", hosts.join(", "));
        return Err(Error::invalid_field(name, message));
    }
    if is_known && url.port().is_some() {
        return Err(Error::invalid_field(name, "must not name a port of Microsoft's"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(Error::invalid_field(name, "must hold neither a query nor a name"));
    }
    Ok(url)
}

/// Whether the address is this machine's own.
pub(crate) fn is_loopback(url: &Url) -> bool {
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

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let base_url = |text| base_url("x", text, &GraphSettings::graph_hosts());
        assert!(base_url("http://127.0.0.1:9/").is_ok());
        assert!(base_url("http://localhost:9").is_ok());
        assert!(base_url("https://graph.microsoft.us").is_ok());
        assert!(base_url("http://graph.microsoft.com").is_err());
        assert!(base_url("http://127.0.0.1.example.com").is_err());
        assert!(base_url("https://u:p@graph.microsoft.com").is_err());
    }

    #[test]
    fn tokens_and_credentials_go_to_microsofts_hosts_or_to_this_machine_alone() {
        let of = |graph: &str, login: &str| {
            let settings =
                GraphSettings { graph_url: graph.into(), login_url: login.into(), ..Default::default() };
            settings.addresses().map(drop).map_err(|e| e.fields()[0].field.clone())
        };
        let (graph, login) = ("https://graph.microsoft.com", "https://login.microsoftonline.com");
        assert_eq!(of(graph, login), Ok(()));
        assert_eq!(
            of("https://microsoftgraph.chinacloudapi.cn", "https://login.partner.microsoftonline.cn/"),
            Ok(())
        );
        assert_eq!(of("http://127.0.0.1:9", "http://localhost:9"), Ok(()));
        for other in [
            "https://graph.microsoft.com.example.com",
            "https://graph.example.com",
            "https://login.microsoftonline.com",
            "https://graph.microsoft.com:8443",
            "ftp://127.0.0.1",
        ] {
            assert_eq!(of(other, login), Err(GraphSettings::GRAPH_URL.to_owned()), "{other}");
        }
        for cloud in &MICROSOFT_CLOUDS {
            for login in cloud.logins {
                assert_eq!(of(&format!("https://{}", cloud.graph), &format!("https://{login}")), Ok(()));
            }
        }
        for (graph, login) in [
            (graph, "https://login.microsoftonline.us"),
            ("https://dod-graph.microsoft.us", login),
            ("https://microsoftgraph.chinacloudapi.cn", "https://login.microsoftonline.us"),
        ] {
            assert_eq!(of(graph, login), Err(GraphSettings::LOGIN_URL.to_owned()), "{graph} {login}");
        }
        assert_eq!(of(graph, "http://localhost:9"), Ok(()), "a stand-in is of every cloud");
        for other in ["https://login.example.com", graph, "http://login.microsoftonline.com"] {
            assert_eq!(of(graph, other), Err(GraphSettings::LOGIN_URL.to_owned()), "{other}");
        }
        let is = |login: &str| {
            GraphSettings { login_url: login.into(), ..Default::default() }.is_microsofts_login()
        };
        assert!(is(login) && is("https://login.microsoftonline.us/") && !is("http://127.0.0.1:9"));
    }

    #[test]
    fn a_national_cloud_is_asked_for_by_its_own_name_and_a_stand_in_by_the_public_one() {
        let scope = |url: &str| GraphSettings { graph_url: url.into(), ..Default::default() }.scope();
        assert_eq!(scope("https://graph.microsoft.us"), "https://graph.microsoft.us/.default");
        assert_eq!(scope("http://127.0.0.1:9"), "https://graph.microsoft.com/.default");
    }

    #[test]
    fn a_share_that_is_no_number_is_refused_by_name() {
        let of = |text: &'static str| {
            GraphSettings::for_reading(move |name| {
                (name == GraphSettings::READER_PERMILLE).then(|| text.to_owned())
            })
        };
        assert_eq!(of("350").unwrap().tenant_permille, 350);
        assert_eq!(of(" ").unwrap().tenant_permille, 900);
        for wrong in ["0", "-1", "all"] {
            assert_eq!(of(wrong).unwrap_err().fields()[0].field, GraphSettings::READER_PERMILLE);
        }
    }

    #[test]
    fn readers_and_writers_share_the_applications_limits_among_as_many_as_is_said_of_them() {
        let find = |name: &str| match name {
            GraphSettings::READER_INSTANCES => Some("7".to_owned()),
            GraphSettings::WRITER_INSTANCES => Some("3".to_owned()),
            _ => None,
        };
        assert_eq!(GraphSettings::for_reading(find).unwrap().instances, 7);
        assert_eq!(GraphSettings::for_writing(find).unwrap().instances, 3);
    }

    #[test]
    fn a_setting_that_is_empty_is_as_if_not_given() {
        let settings = GraphSettings::from_settings(|name| {
            Some(if name == GraphSettings::GRAPH_URL { "http://localhost:1" } else { " " }.to_owned())
        });
        assert_eq!(settings.graph_url, "http://localhost:1");
        assert_eq!(settings.login_url, GraphSettings::default().login_url);
    }
}
