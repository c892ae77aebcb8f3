//! The template against the code: what is deployed has to be what the functions expect.
//!
//! `infra/template.yaml` is read as it stands, with intrinsic functions in their long form
//! (`!Ref X` is `{"Ref": "X"}`). Linters look at the template alone; these tests look at both.

mod addresses;
mod deletions;
mod derived;
mod rights;
mod rows;
mod sources;
mod state;
mod watch;

use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The template, read.
pub struct Template(Value);

/// A resource of the template.
#[derive(Clone, Copy)]
pub struct Resource<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    pub properties: &'a Value,
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The functions by their folders, sorted.
pub fn function_names() -> Vec<String> {
    let folders = fs::read_dir(root().join("functions")).unwrap();
    let mut names: Vec<String> =
        folders.map(|f| f.unwrap().file_name().into_string().unwrap()).filter(|n| n != "shared").collect();
    names.sort();
    names
}

/// `take-snapshot` as `TakeSnapshot`.
pub fn pascal(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

impl Template {
    pub fn read() -> Self {
        Self(support::policy::read_template())
    }

    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.0["Resources"].as_object().unwrap().iter().map(|(id, resource)| Resource {
            id,
            kind: resource["Type"].as_str().unwrap(),
            properties: &resource["Properties"],
        })
    }

    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = Resource<'a>> {
        self.resources().filter(move |r| r.kind == kind)
    }

    pub fn get(&self, id: &str) -> Resource<'_> {
        self.resources().find(|r| r.id == id).unwrap_or_else(|| panic!("{id} is not in the template"))
    }

    /// What an installation is asked for.
    pub fn parameters(&self) -> &Map<String, Value> {
        self.0["Parameters"].as_object().unwrap()
    }

    /// The resource of a function.
    pub fn function(&self, name: &str) -> Resource<'_> {
        self.get(&format!("{}Function", pascal(name)))
    }

    /// What holds for every function.
    pub fn globals(&self) -> &Value {
        &self.0["Globals"]["Function"]
    }

    /// The variables of a function, its own and everyone's.
    pub fn variables(&self, name: &str) -> Map<String, Value> {
        let of = |v: &Value| v["Environment"]["Variables"].as_object().cloned().unwrap_or_default();
        let mut all = of(self.globals());
        all.extend(of(self.function(name).properties));
        all
    }
}

/// `!Ref id`.
pub fn reference(id: &str) -> Value {
    json!({ "Ref": id })
}

/// `!GetAtt id.attribute`.
pub fn attribute(id: &str, attribute: &str) -> Value {
    json!({ "Fn::GetAtt": [id, attribute] })
}

#[test]
fn every_function_folder_is_deployed_and_nothing_else_is() {
    let template = Template::read();
    let mut deployed: Vec<String> = template
        .of_kind("AWS::Serverless::Function")
        .map(|f| {
            let folder = f.properties["CodeUri"].as_str().unwrap().strip_prefix("../functions/").unwrap();
            assert_eq!(f.id, format!("{}Function", pascal(folder)));
            let name = json!({ "Fn::Sub": format!("${{AWS::StackName}}-{folder}") });
            assert_eq!(f.properties["FunctionName"], name);
            folder.to_owned()
        })
        .collect();
    deployed.sort();
    assert_eq!(deployed, function_names());
    assert_eq!(template.globals()["Runtime"], "provided.al2023");
    assert_eq!(template.globals()["Architectures"], json!([reference("Architecture")]));
}
