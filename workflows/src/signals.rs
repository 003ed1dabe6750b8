//! Reading signals. Their payloads come from anybody who can reach Temporal, in any form: a handler with a typed payload
//! would fail the workflow task without end, so everything is read here and nothing here fails.

use groundwork_domain::command::{CommandBody, RejectionCode};
use groundwork_domain::ids::{CommandId, Digest};
use serde_json::{Map, Value};
use temporalio_common::data_converters::RawValue;

/// Longest payload that is read, in bytes: the texts of a command and their JSON.
const PAYLOAD_BYTES_MAX: usize = 256 * 1024;

/// A signal that was understood.
pub(crate) struct Heard {
    /// Named in the payload, if it was.
    pub(crate) command_id: Option<CommandId>,
    pub(crate) body: CommandBody,
}

/// Why a signal was not taken.
pub(crate) struct Refused {
    pub(crate) code: RejectionCode,
    pub(crate) message: String,
}

/// Of a signal's payload, whatever it is.
pub(crate) fn digest(payload: &RawValue) -> Digest {
    Digest::of_parts(payload.payloads.iter().map(|payload| payload.data.as_slice()))
}

/// Reads the signal `name`: a JSON object with the fields of that command, and `command_id` if it shall be applied once.
/// `approve`, `request_changes` and `reject` are Decide: `{"gate": "…", "digest": "…"}` with the digest of what was read, as the
/// workflow's details show it, and a `comment`.
pub(crate) fn read(name: &str, payload: &RawValue) -> Result<Heard, Refused> {
    let mut fields = object(payload)?;
    let command_id = match fields.remove("command_id") {
        None | Some(Value::Null) => None,
        Some(value) => {
            Some(serde_json::from_value(value).map_err(|_| unreadable("`command_id` is not a UUID."))?)
        }
    };
    let command = match name {
        "approve" | "request_changes" | "reject" => {
            fields.insert("decision".to_owned(), Value::String(name.to_owned()));
            "decide"
        }
        other => other,
    };
    // Both are for the API to say: it knows the membership, and has stored the text.
    for field in ["role", "artifact"] {
        if fields.contains_key(field) {
            return Err(unreadable(&format!("A signal cannot say `{field}`. Decide by the API.")));
        }
    }
    fields.insert("command".to_owned(), Value::String(command.to_owned()));
    let body = serde_json::from_value(Value::Object(fields))
        .map_err(|error| unreadable(&format!("The payload does not fit `{name}`: {error}.")))?;
    Ok(Heard { command_id, body })
}

/// The one JSON object of a payload; nothing and null count as an empty one.
fn object(payload: &RawValue) -> Result<Map<String, Value>, Refused> {
    let data = match payload.payloads.as_slice() {
        [] => return Ok(Map::new()),
        [one] => one.data.as_slice(),
        [_, _, ..] => return Err(unreadable("Send one JSON object, not several arguments.")),
    };
    if data.is_empty() {
        return Ok(Map::new());
    }
    if data.len() > PAYLOAD_BYTES_MAX {
        return Err(unreadable(&format!("The payload has more than {PAYLOAD_BYTES_MAX} bytes.")));
    }
    match serde_json::from_slice(data) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(unreadable("The payload must be a JSON object."))
        }
        Err(_) => Err(unreadable("The payload is not JSON.")),
    }
}

fn unreadable(message: &str) -> Refused {
    Refused { code: RejectionCode::Unreadable, message: message.to_owned() }
}
