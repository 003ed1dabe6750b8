//! What people and signals say: any bytes are a command or are not, and a command says itself as it was said.
#![no_main]

use groundwork_domain::command::{Command, CommandBody};
use groundwork_domain::work::Target;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(command) = serde_json::from_slice::<Command>(bytes) {
        let text = serde_json::to_string(&command).expect("a command is JSON");
        assert_eq!(serde_json::from_str::<Command>(&text).expect("what was written reads"), command);
    }
    let _ = serde_json::from_slice::<CommandBody>(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Target::parse(text);
    }
});
