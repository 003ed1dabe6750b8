//! One idea through elicitor, person, architect, synthesizer, critic and at most two rounds of mending.

use crate::case::Case;
use crate::measure::Measures;
use crate::person;
use anyhow::{Context, bail};
use groundwork_agents::parse::{self, ParseErrors};
use groundwork_agents::prompt::{Document, PromptSet, Task, render};
use groundwork_agents::{
    Agents, Block, CallError, CancellationToken, ModelReply, ModelRequest, check, repair, splice,
};
use groundwork_domain::agent;
use groundwork_domain::document::{Finding, Layer, Prompt, Severity};
use groundwork_domain::ids::Timestamp;
use groundwork_domain::model::ProviderId;
use rust_decimal::Decimal;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const QUESTIONS_MAX: u32 = 3;
const ROUNDS_MAX: u32 = 2;
/// Attempts at one call while the provider asks to wait.
const ATTEMPTS_MAX: u32 = 5;

/// Runs one idea; what goes wrong is part of the figures.
pub(crate) async fn run(agents: &Agents, case: &Case, reader: bool) -> Measures {
    let measures = Measures { idea: case.name.clone(), cost_usd: Some(Decimal::ZERO), ..Measures::default() };
    let mut runner = Runner { agents, set: PromptSet::shipped(), measures, writer: None, case, reader };
    if let Err(error) = runner.all().await {
        runner.measures.failure = Some(format!("{error:#}"));
    }
    runner.measures
}

struct Runner<'a> {
    agents: &'a Agents,
    set: PromptSet,
    measures: Measures,
    /// Who wrote the prompts: the critic should be another.
    writer: Option<ProviderId>,
    case: &'a Case,
    /// True where a model is asked whether it could follow each prompt.
    reader: bool,
}

impl Runner<'_> {
    async fn all(&mut self) -> anyhow::Result<()> {
        let idea = Document::Idea(&self.case.idea);
        let ask = Task::Ask { questions_max: QUESTIONS_MAX };
        let questions = self
            .step("elicitor", &[idea], &ask, |text| parse::questions(text, QUESTIONS_MAX as usize))
            .await?;
        let answered = person::answer(self.case, &questions);
        self.measures.questions = questions.len();
        self.measures.questions_needless = answered.needless + check::duplicate_questions(&questions).len();
        let answers = Document::Answers { questions: &questions, answers: &answered.answers };
        let spec = self.step("architect", &[idea, answers], &Task::Write, parse::spec).await?;
        let compose = Task::Compose;
        let mut prompts =
            self.step("synthesizer", &[Document::Spec(&spec.text)], &compose, parse::prompts).await?;
        let mut open = check::spec(&spec, &questions, &answered.assumptions);
        let mut mended: Vec<Finding> = Vec::new();
        for round in 1..=ROUNDS_MAX + 1 {
            let facts = check::package(&spec, &prompts);
            let found = self.review(&spec.text, &prompts, round, &facts, &mended).await?;
            if round == 1 {
                self.measures.findings_first = facts.len() + found.len() + open.len();
            }
            let numbers = to_mend(&facts, &found);
            if numbers.is_empty() || round > ROUNDS_MAX {
                open.extend(facts);
                open.extend(found);
                break;
            }
            self.measures.rounds = round;
            prompts = self.mend(&spec.text, &prompts, &numbers, &found, &facts).await?;
            mended = found;
        }
        self.measures.findings_left = open.len();
        self.measures.package(&spec, &prompts);
        if self.reader {
            self.measures.prompts_not_followed = self.not_followed(&prompts).await?;
        }
        Ok(())
    }

    /// How many prompts a reader who has seen nothing else could not follow, in the words of `reader.md`; `None`
    /// where a simulator answers, which is no reader.
    async fn not_followed(&mut self, prompts: &[Prompt]) -> anyhow::Result<Option<usize>> {
        let critic = agent::find("critic").context("there is no critic")?;
        let mut count = 0;
        for prompt in prompts {
            let documents = [Document::Prompts(std::slice::from_ref(prompt))];
            let task = Task::Review { round: 1, facts: &[], mended: &[] };
            let mut request =
                render(&self.set, critic, &documents, &task)?.into_request(critic, "eval/read/1/1");
            request.system = vec![Block::new(include_str!("reader.md"))];
            // The one document alone: the critic's own task is not the reader's.
            request.user.truncate(1);
            let reply = self.call(critic, &request).await?;
            if reply.simulated {
                return Ok(None);
            }
            match reply.text.trim().lines().next() {
                Some("follow: yes") => {}
                Some("follow: no") => count += 1,
                _ => bail!("the reader's verdict on prompt {:02} cannot be read", prompt.number),
            }
        }
        Ok(Some(count))
    }

    async fn review(
        &mut self,
        spec: &str,
        prompts: &[Prompt],
        round: u32,
        facts: &[Finding],
        mended: &[Finding],
    ) -> anyhow::Result<Vec<Finding>> {
        let task = Task::Review { round, facts, mended };
        let documents = [Document::Spec(spec), Document::Prompts(prompts)];
        Ok(self.step("critic", &documents, &task, parse::review).await?.findings)
    }

    async fn mend(
        &mut self,
        spec: &str,
        prompts: &[Prompt],
        numbers: &[u32],
        findings: &[Finding],
        facts: &[Finding],
    ) -> anyhow::Result<Vec<Prompt>> {
        let task = Task::Mend { prompts: numbers, findings, facts };
        let documents = [Document::Spec(spec), Document::Prompts(prompts)];
        let read = |text: &str| parse::some_prompts(text, numbers);
        let changed = self.step("synthesizer", &documents, &task, read).await?;
        Ok(splice::prompts(prompts, changed, numbers)?)
    }

    /// One stage: the call, and at most two repairs of what cannot be read.
    async fn step<T>(
        &mut self,
        agent_id: &str,
        documents: &[Document<'_>],
        task: &Task<'_>,
        read: impl Fn(&str) -> Result<T, ParseErrors>,
    ) -> anyhow::Result<T> {
        let definition = agent::find(agent_id).with_context(|| format!("there is no agent {agent_id}"))?;
        let rendered = render(&self.set, definition, documents, task)?;
        self.measures.prompt_digests.insert(task.kind().to_owned(), rendered.prompt_digest.to_string());
        let mut request = rendered.into_request(definition, String::new());
        request.avoid = self.writer.filter(|_| agent_id == "critic");
        for turn in 0..=repair::REPAIRS_MAX {
            request.call_key =
                format!("eval-{}/{}/1/{}", self.case.name, task.kind(), self.measures.calls + 1);
            let reply = self.call(definition, &request).await?;
            let errors = match parse::whole(&reply).and_then(&read) {
                Ok(value) => {
                    if agent_id == "synthesizer" {
                        self.writer = Some(reply.provider);
                    }
                    return Ok(value);
                }
                Err(errors) => errors,
            };
            if turn == repair::REPAIRS_MAX {
                bail!("{agent_id} cannot be read after {turn} repairs: {errors}");
            }
            self.measures.repairs += 1;
            let words = repair::request(&self.set, task.kind(), &errors)?;
            request = request.with_repair(reply.text, words);
        }
        bail!("{agent_id} was never called")
    }

    async fn call(
        &mut self,
        definition: &agent::AgentDefinition,
        request: &ModelRequest,
    ) -> Result<ModelReply, CallError> {
        let cancel = CancellationToken::new();
        let mut attempt = 1;
        loop {
            self.measures.calls += 1;
            match self.agents.call(definition, request.clone(), &mut |_: &str| {}, &cancel).await {
                Ok(reply) => {
                    self.count(&definition.id, &reply);
                    return Ok(reply);
                }
                Err(error) if error.retryable() && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                    tokio::time::sleep(error.retry_after().unwrap_or(Duration::from_secs(1))).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn count(&mut self, agent_id: &str, reply: &ModelReply) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        let cost = self.agents.cost(&reply.model, &reply.tokens, now);
        let measures = &mut self.measures;
        measures.cost_usd = measures.cost_usd.zip(cost).map(|(sum, cost)| sum + cost);
        measures.tokens.input += reply.tokens.input;
        measures.tokens.cache_write_5m += reply.tokens.cache_write_5m;
        measures.tokens.cache_write_1h += reply.tokens.cache_write_1h;
        measures.tokens.cache_read += reply.tokens.cache_read;
        measures.tokens.output += reply.tokens.output;
        measures.model_seconds += Duration::from_millis(reply.duration_ms).as_secs_f64();
        measures.simulated |= reply.simulated;
        measures.models.insert(agent_id.to_owned(), reply.model.clone());
    }
}

/// Prompts that a blocker or a major finding names.
fn to_mend(facts: &[Finding], found: &[Finding]) -> Vec<u32> {
    let heavy = |one: &&Finding| one.layer == Layer::Prompt && one.severity > Severity::Minor;
    let mut numbers: Vec<u32> =
        facts.iter().chain(found).filter(heavy).flat_map(|one| one.prompts.clone()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
