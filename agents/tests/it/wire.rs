//! Both providers' protocols as a fake speaks them, so that a test runs against each.

use crate::fakes::{Fake, Scripted};
use groundwork_agents::{
    Agents, AgentsSettings, Block, CallError, CallKeys, CancellationToken, ModelReply, ModelRequest,
    ProviderSettings,
};
use groundwork_domain::agent::{self, Effort};
use groundwork_domain::model::{ProviderId, Tokens};
use secrecy::SecretString;

pub(crate) const KEY: &str = "sk-test-very-secret";

pub(crate) fn request() -> ModelRequest {
    ModelRequest {
        model: None,
        model_setting: "retry.model".into(),
        system: vec![
            Block::new("governance"),
            Block::new("role"),
            Block { text: "example".into(), breakpoint: true, detail: true },
        ],
        user: vec![Block::new("<idea>\nx\n</idea>").cached(), Block::new("<task kind=\"ask\">\n</task>")],
        follow_up: None,
        tools: Vec::new(),
        turns: Vec::new(),
        output_tokens_max: 4_000,
        effort: Some(Effort::Low),
        call_key: "p/questions/1/1".into(),
        agent: "elicitor".into(),
        avoid: None,
        stream: true,
        priced_only: false,
        keys: CallKeys::default(),
    }
}

pub(crate) fn settings(anthropic: Option<&Fake>, openai: Option<&Fake>) -> AgentsSettings {
    let key = || Some(SecretString::from(KEY));
    let mut settings = AgentsSettings::from_variables(|_| None);
    settings.anthropic =
        anthropic.map(|fake| ProviderSettings::new(ProviderId::Anthropic, Some(fake.address.clone()), key()));
    settings.openai = openai
        .map(|fake| ProviderSettings::new(ProviderId::OpenAi, Some(format!("{}/v1", fake.address)), key()));
    settings
}

/// Both providers speak the same here: the tests below run against each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) id: ProviderId,
}

pub(crate) const WIRES: [Wire; 2] = [Wire { id: ProviderId::Anthropic }, Wire { id: ProviderId::OpenAi }];

impl Wire {
    pub(crate) fn begin(self) -> &'static str {
        match self.id {
            ProviderId::Anthropic => {
                "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":10,\"cache_creation_input_tokens\":7,\"cache_creation\":{\"ephemeral_5m_input_tokens\":4,\"ephemeral_1h_input_tokens\":3},\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n"
            }
            ProviderId::OpenAi => {
                "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":\"\"}]}\n\n"
            }
        }
    }

    pub(crate) fn delta(self, text: &str) -> String {
        match self.id {
            ProviderId::Anthropic => format!(
                "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
            ),
            ProviderId::OpenAi => {
                format!(
                    "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
                )
            }
        }
    }

    pub(crate) fn finish(self, reason: &str) -> String {
        match self.id {
            ProviderId::Anthropic => format!(
                "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{reason}\"}},\"usage\":{{\"output_tokens\":20,\"input_tokens\":null}}}}\n\nevent: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
            ),
            ProviderId::OpenAi => format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"{reason}\"}}]}}\n\ndata: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":22,\"completion_tokens\":20,\"prompt_tokens_details\":{{\"cached_tokens\":5,\"cache_write_tokens\":7}}}}}}\n\ndata: [DONE]\n\n"
            ),
        }
    }

    pub(crate) fn error_event(self, kind: &str) -> String {
        match self.id {
            ProviderId::Anthropic => format!(
                "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":\"Overloaded\"}}}}\n\n"
            ),
            ProviderId::OpenAi => {
                format!("data: {{\"error\":{{\"type\":\"{kind}\",\"message\":\"Overloaded\"}}}}\n\n")
            }
        }
    }

    pub(crate) fn counted(self) -> Tokens {
        match self.id {
            ProviderId::Anthropic => {
                Tokens { input: 10, cache_write_5m: 4, cache_write_1h: 3, cache_read: 5, output: 20 }
            }
            ProviderId::OpenAi => {
                Tokens { input: 10, cache_write_5m: 7, cache_write_1h: 0, cache_read: 5, output: 20 }
            }
        }
    }

    pub(crate) fn reason(self, anthropic: &'static str, openai: &'static str) -> &'static str {
        match self.id {
            ProviderId::Anthropic => anthropic,
            ProviderId::OpenAi => openai,
        }
    }

    pub(crate) async fn fake(self, scripted: Scripted) -> (Fake, Agents) {
        self.fake_with(scripted, |_| {}).await
    }

    pub(crate) async fn fake_with(
        self,
        scripted: Scripted,
        change: impl FnOnce(&mut AgentsSettings),
    ) -> (Fake, Agents) {
        let fake = Fake::start(vec![scripted]).await;
        let mut settings = match self.id {
            ProviderId::Anthropic => settings(Some(&fake), None),
            ProviderId::OpenAi => settings(None, Some(&fake)),
        };
        change(&mut settings);
        (fake, Agents::new(settings).unwrap())
    }
}

pub(crate) async fn call(agents: &Agents, request: ModelRequest) -> (Result<ModelReply, CallError>, String) {
    let mut written = String::new();
    let cancel = CancellationToken::new();
    let elicitor = agent::find("elicitor").unwrap();
    let outcome = agents.call(elicitor, request, &mut |piece: &str| written.push_str(piece), &cancel).await;
    (outcome, written)
}
