//! `nc-client explain`: what an instance went through, in sentences.

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
    phase: String,
    seconds_in_phase: f64,
    timeline: Vec<Step>,
    steps_dropped: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Step {
    from: Option<String>,
    to: String,
    reason: String,
    seconds_ago: f64,
}

/// Writes an explanation for a person.
///
/// # Errors
/// The output's, and [`io::ErrorKind::InvalidData`] when it is no explanation.
pub(super) fn write(explanation: Value, out: &mut impl Write) -> io::Result<()> {
    let Explanation { instance, why, state, phase, seconds_in_phase, timeline, steps_dropped } =
        serde_json::from_value(explanation)?;
    let state = state.map_or_else(|| "not known any more".to_owned(), |state| field(&state));
    let (instance, phase, why) = (field(&instance), field(&phase), field(&why));
    writeln!(out, "{instance} is {state}: {phase} for {seconds_in_phase:.0} s, because {why}")?;
    if steps_dropped > 0 {
        writeln!(out, "  {steps_dropped} older steps are forgotten")?;
    }
    for Step { from, to, reason, seconds_ago } in &timeline {
        let (from, to) = (from.as_deref().map_or_else(String::new, |from| field(from) + " -> "), field(to));
        writeln!(out, "  {seconds_ago:.0} s ago: {from}{to}: {}", field(reason))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_reads_as_sentences() {
        for (json, text) in [
            (
                "{\"instance\":\"i-1\",\"why\":\"staging failed: no\\nroom\",\"state\":\"Extant\",\"phase\":\"shutoff\",\
                 \"seconds_in_phase\":2.2,\"steps_dropped\":3,\"timeline\":[\
                 {\"at\":1.0,\"from\":null,\"to\":\"staging\",\"reason\":\"accepted\",\"seconds_ago\":20.1},\
                 {\"at\":2.0,\"from\":\"staging\",\"to\":\"shutoff\",\"reason\":\"staging failed: no\\nroom\",\"seconds_ago\":2.2}]}",
                "i-1 is Extant: shutoff for 2 s, because staging failed: no\\nroom\n  3 older steps are forgotten\n  \
                 20 s ago: staging: accepted\n  2 s ago: staging -> shutoff: staging failed: no\\nroom\n",
            ),
            (
                "{\"instance\":\"i-1\",\"why\":\"w\",\"state\":null,\"phase\":\"teardown\",\"timeline\":[]}",
                "i-1 is not known any more: teardown for 0 s, because w\n",
            ),
        ] {
            let mut out = Vec::new();
            write(serde_json::from_str(json).unwrap(), &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        assert!(write(Value::from(1), &mut Vec::new()).is_err());
    }
}
