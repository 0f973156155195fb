//! `cc-client explain`: why an instance is in the state it is in, asked of the admin port of the cluster controller
//! on this host (docs/admin.md).

use std::io::{self, Write};

use serde::Deserialize;
use serde_json::Value;

use crate::output::field;

/// What is told in lines; all of it is in the JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Explanation {
    instance: String,
    why: String,
    state: Option<String>,
    unreported_seconds: Option<f64>,
    node: Option<Node>,
    launch: Option<Launch>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    name: String,
    url: String,
    state: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Launch {
    begun_seconds_ago: f64,
    given_up_in_seconds: f64,
    rounds: u32,
    end: Option<String>,
    ended_seconds_ago: Option<f64>,
    attempts: Vec<Attempt>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attempt {
    operation: String,
    outcome: String,
    reason: Option<String>,
    took_seconds: f64,
    seconds_ago: f64,
}

/// Writes an explanation for a person.
///
/// # Errors
/// The output's, and [`io::ErrorKind::InvalidData`] when it is no explanation.
pub fn write(explanation: Value, out: &mut impl Write) -> io::Result<()> {
    let Explanation { instance, why, state, unreported_seconds, node, launch } =
        serde_json::from_value(explanation)?;
    let state = state.map_or_else(|| "not known any more".to_owned(), |state| field(&state));
    writeln!(out, "{} is {state}: {}", field(&instance), field(&why))?;
    if let Some(seconds) = unreported_seconds {
        writeln!(out, "last reported {seconds:.0} s ago")?;
    }
    match node {
        Some(Node { name, url, state }) => {
            writeln!(out, "node {} is {} ({})", field(&name), field(&state), field(&url))?;
        }
        None => writeln!(out, "its node is not configured")?,
    }
    let Some(launch) = launch else { return Ok(()) };
    write!(out, "launch begun {:.0} s ago, {} rounds", launch.begun_seconds_ago, launch.rounds)?;
    match (&launch.end, launch.ended_seconds_ago) {
        (None, _) => writeln!(out, ", given up in {:.0} s", launch.given_up_in_seconds)?,
        (Some(end), ago) => writeln!(out, ", {} {:.0} s ago", field(end), ago.unwrap_or_default())?,
    }
    for Attempt { operation, outcome, reason, took_seconds, seconds_ago } in &launch.attempts {
        let (operation, outcome) = (field(operation), field(outcome));
        write!(out, "  {seconds_ago:.0} s ago: {operation} {outcome} after {took_seconds:.2} s")?;
        match reason {
            Some(reason) => writeln!(out, ": {}", field(reason))?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_reads_as_sentences() {
        let node = "\"node\":{\"name\":\"n7\",\"url\":\"http://n7\",\"state\":\"up\",\"capacity\":{}}";
        for (json, text) in [
            (
                format!(
                    "{{\"instance\":\"i-1\",\"why\":\"the node refuses\",\"state\":\"Pending\",\"unreported_seconds\":26.1,{node},\
                     \"launch\":{{\"begun_seconds_ago\":26.1,\"given_up_in_seconds\":273.9,\"rounds\":12,\"end\":null,\
                     \"ended_seconds_ago\":null,\"attempts\":[{{\"operation\":\"ncRunInstance\",\"outcome\":\"nc_fail\",\
                     \"reason\":\"no\\nroom\",\"took_seconds\":0.01,\"seconds_ago\":1.0}}]}}}}"
                ),
                "i-1 is Pending: the node refuses\nlast reported 26 s ago\nnode n7 is up (http://n7)\n\
                 launch begun 26 s ago, 12 rounds, given up in 274 s\n  1 s ago: ncRunInstance nc_fail after 0.01 s: no\\nroom\n",
            ),
            (
                "{\"instance\":\"i-1\",\"why\":\"it was launched\",\"state\":null,\"node\":null,\"launch\":{\
                 \"begun_seconds_ago\":400,\"rounds\":1,\"end\":\"given_up\",\"ended_seconds_ago\":100,\"attempts\":[]}}"
                    .to_owned(),
                "i-1 is not known any more: it was launched\nits node is not configured\n\
                 launch begun 400 s ago, 1 rounds, given_up 100 s ago\n",
            ),
        ] {
            let mut out = Vec::new();
            write(serde_json::from_str(&json).unwrap(), &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        assert!(write(Value::from(1), &mut Vec::new()).is_err());
    }
}
