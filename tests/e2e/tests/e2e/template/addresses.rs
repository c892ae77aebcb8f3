//! Where an installation can be told to send tokens and credentials, and that it cannot do without a sign-in there.

use super::{Template, reference};
use graph::GraphSettings;
use serde_json::{Value, json};

/// The pattern of a parameter that names one of these hosts, or a stand-in on the machine itself.
fn pattern(hosts: &[&str]) -> String {
    let hosts: Vec<_> = hosts.iter().map(|host| host.replace('.', "\\.")).collect();
    format!("^(https://({})|http://(127\\.0\\.0\\.1|localhost)(:\\d+)?)$", hosts.join("|"))
}

#[test]
fn graph_and_its_login_are_microsofts_or_on_the_machine_itself() {
    let template = Template::read();
    for (name, hosts) in
        [("GraphUrl", GraphSettings::graph_hosts()), ("LoginUrl", GraphSettings::login_hosts())]
    {
        assert_eq!(template.parameters()[name]["AllowedPattern"], pattern(&hosts), "{name}");
    }
    let defaults = GraphSettings::default();
    assert_eq!(template.parameters()["GraphUrl"]["Default"], defaults.graph_url);
    assert_eq!(template.parameters()["LoginUrl"]["Default"], defaults.login_url);
}

#[test]
fn a_consent_without_a_sign_in_cannot_be_deployed_against_any_login_of_microsofts() {
    let template = Template::read();
    let rule = &template.0["Rules"]["MicrosoftsLoginHasAPageToSignIn"];
    assert_eq!(rule["RuleCondition"], json!({ "Fn::Equals": [reference("ConsentSignIn"), "off"] }));
    let asserted: Vec<Value> =
        rule["Assertions"].as_array().unwrap().iter().map(|a| a["Assert"].clone()).collect();
    let is_not = |host: &&str| {
        let login = format!("https://{host}");
        json!({ "Fn::Not": [{ "Fn::Equals": [reference("LoginUrl"), login] }] })
    };
    assert_eq!(asserted, GraphSettings::login_hosts().iter().map(is_not).collect::<Vec<_>>());
}
