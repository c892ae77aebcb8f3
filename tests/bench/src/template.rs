//! What of the template the bill depends on: memory, schedules, keys, alarms.
//!
//! `infra/template.yaml` as it stands when this is built, so that a bill follows what is deployed.

use serde_json::{Map, Value, json};

const TEXT: &str = include_str!("../../../infra/template.yaml");

/// How many days a month has in the bill.
pub const MONTH_DAYS: i128 = 30;
const MONTH_MINUTES: i128 = MONTH_DAYS * 24 * 60;

/// The template as JSON. A tag such as `!Ref X` is `{"Ref": "X"}`.
#[derive(Clone, Debug)]
pub struct Template(Value);

impl Template {
    /// Reads the template of the repository.
    pub fn read() -> Result<Self, String> {
        let yaml: serde_norway::Value = serde_norway::from_str(TEXT).map_err(|e| e.to_string())?;
        plain(yaml).map(Self)
    }

    /// The memory of a function, by the name of its job, in MB.
    pub fn memory_mb(&self, job: &str) -> Result<i128, String> {
        let own = &self.function(job)?["MemorySize"];
        let size = own.as_i64().or_else(|| self.0["Globals"]["Function"]["MemorySize"].as_i64());
        size.map(i128::from).ok_or_else(|| format!("{job} has no memory"))
    }

    /// How long a call of a function may take, in seconds.
    pub fn timeout_s(&self, job: &str) -> Result<i64, String> {
        let own = &self.function(job)?["Timeout"];
        own.as_i64().ok_or_else(|| format!("{job} has no timeout"))
    }

    /// A setting of a function that is a number.
    pub fn setting(&self, job: &str, name: &str) -> Result<u32, String> {
        let value = self.function(job)?["Environment"]["Variables"][name].as_str();
        let number = value.and_then(|text| text.parse().ok());
        number.ok_or_else(|| format!("{job} has no number {name}"))
    }

    /// Whether calls of the functions are traced.
    pub fn is_traced(&self) -> bool {
        self.0["Globals"]["Function"]["Tracing"] == "Active"
    }

    /// How many resources there are of a type.
    pub fn count(&self, kind: &str) -> i128 {
        i128::try_from(self.of_kind(kind).count()).unwrap_or(i128::MAX)
    }

    /// How many metrics all alarms look at: one each, or those that an expression is made of.
    pub fn alarm_metrics(&self) -> i128 {
        let metrics = |alarm: &Value| {
            let many = alarm["Metrics"].as_array().into_iter().flatten();
            many.filter(|m| m.get("MetricStat").is_some()).count().max(1)
        };
        let all: usize = self.of_kind("AWS::CloudWatch::Alarm").map(|(_, alarm)| metrics(alarm)).sum();
        i128::try_from(all).unwrap_or(i128::MAX)
    }

    /// The jobs that the clock calls, and how often each is called in a month.
    pub fn schedules(&self) -> Result<Vec<(String, i128)>, String> {
        let schedule = |(id, properties): (&String, &Value)| {
            let when = properties["ScheduleExpression"].as_str().unwrap_or_default();
            let times = calls_a_month(when).ok_or_else(|| format!("{id} is due at {when}"))?;
            let target = properties["Target"]["Arn"]["GetAtt"].as_str().unwrap_or_default();
            Ok((job_of(target.trim_end_matches("Function.Arn")), times))
        };
        self.of_kind("AWS::Scheduler::Schedule").map(schedule).collect()
    }

    /// The default of a parameter that is a number.
    pub fn default_of(&self, parameter: &str) -> Result<i128, String> {
        let value = self.0["Parameters"][parameter]["Default"].as_i64();
        value.map(i128::from).ok_or_else(|| format!("{parameter} has no number"))
    }

    /// How many days the log of the bucket's requests is kept.
    pub fn access_log_days(&self) -> Result<i128, String> {
        let rules = &self.0["Resources"]["VaultLogs"]["Properties"]["LifecycleConfiguration"]["Rules"];
        let days = rules.as_array().into_iter().flatten().find_map(|rule| rule["ExpirationInDays"].as_i64());
        days.map(i128::from).ok_or_else(|| "the log of requests has no end".to_owned())
    }

    fn function(&self, job: &str) -> Result<&Value, String> {
        let name: String = job.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        let found = self.0["Resources"].get(format!("{name}Function"));
        found.map(|f| &f["Properties"]).ok_or_else(|| format!("{job} is not in the template"))
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = (&String, &Value)> {
        let all = self.0["Resources"].as_object().into_iter().flatten();
        all.filter(move |(_, r)| r["Type"] == kind).map(|(id, r)| (id, &r["Properties"]))
    }
}

/// The name of a job from the name of its function's resource: `TakeSnapshot` gives `take-snapshot`.
fn job_of(name: &str) -> String {
    let mut job = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !job.is_empty() {
            job.push('-');
        }
        job.push(letter.to_ascii_lowercase());
    }
    job
}

/// How often an expression of the scheduler is due in a month: every some minutes, or at one minute of each hour.
/// None for any other expression.
fn calls_a_month(expression: &str) -> Option<i128> {
    let inner = |kind: &str| expression.strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(rate) = inner("rate") {
        let every: i128 = rate.split_once(" minute")?.0.parse().ok()?;
        return (every > 0).then(|| MONTH_MINUTES / every);
    }
    let (minute, rest) = inner("cron")?.split_once(' ')?;
    (minute.parse::<u8>().is_ok() && rest == "* * * ? *").then_some(MONTH_MINUTES / 60)
}

fn plain(value: serde_norway::Value) -> Result<Value, String> {
    use serde_norway::Value as Yaml;
    Ok(match value {
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(plain).collect::<Result<_, _>>()?),
        Yaml::Mapping(fields) => {
            let mut map = Map::new();
            for (name, value) in fields {
                map.insert(name.as_str().ok_or("a name is no text")?.to_owned(), plain(value)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            json!({ tag.trim_start_matches('!'): plain(tagged.value)? })
        }
        other => serde_json::to_value(other).map_err(|e| e.to_string())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schedule_is_of_a_function_with_memory_and_due_so_often_a_month() {
        let template = Template::read().unwrap();
        let schedules = template.schedules().unwrap();
        assert!(schedules.iter().any(|(job, times)| job == "schedule-snapshots" && *times == 43_200));
        for (job, times) in &schedules {
            assert!(template.memory_mb(job).unwrap() >= 128 && *times > 0, "{job}");
        }
    }

    #[test]
    fn an_expression_of_alarms_counts_for_each_of_its_metrics() {
        let template = Template::read().unwrap();
        let (alarms, metrics) = (template.count("AWS::CloudWatch::Alarm"), template.alarm_metrics());
        assert!(alarms > 0 && metrics > alarms, "{alarms} alarms look at {metrics} metrics");
        assert!(template.count("AWS::KMS::Key") > 0 && template.count("AWS::SecretsManager::Secret") > 0);
        assert!(template.default_of("LogRetentionDays").unwrap() > 0);
        assert!(template.access_log_days().unwrap() > 0);
    }

    #[test]
    fn an_expression_that_is_not_understood_is_not_guessed() {
        assert_eq!(calls_a_month("rate(5 minutes)"), Some(8_640));
        assert_eq!(calls_a_month("cron(17 * * * ? *)"), Some(720));
        for other in ["rate(1 day)", "rate(0 minutes)", "cron(0 3 * * ? *)", "at(2026-01-01T00:00:00)", ""] {
            assert_eq!(calls_a_month(other), None, "{other}");
        }
    }
}
