//! Handoffs (requirements E-24 to E-27): what one agent of pipeline `handoff` leaves for the next. Only the orchestrator
//! passes them on, and only after [`Handoff::check`].

use super::files::CodeManifest;
use super::plan::PlanTask;
use crate::ids::ProjectId;
use serde::{Deserialize, Serialize};

/// Longest body, in bytes of Markdown.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most entries of a list.
const ENTRIES_MAX: usize = 200;

/// What kind of thing is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffType {
    /// Analyst to architect.
    SoftwareSpecification,
    /// Architect to coder.
    ImplementationPlan,
    /// Coder to the person.
    Code,
}

impl HandoffType {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SoftwareSpecification => "software_specification",
            Self::ImplementationPlan => "implementation_plan",
            Self::Code => "code",
        }
    }

    /// Who hands it over, and to whom.
    #[must_use]
    pub fn ends(self) -> (&'static str, &'static str) {
        match self {
            Self::SoftwareSpecification => ("analyst", "architect"),
            Self::ImplementationPlan => ("architect", "coder"),
            Self::Code => ("coder", "person"),
        }
    }
}

/// A requirement as it is handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedRequirement {
    /// `FR-001`, …
    pub id: String,
    /// A few words.
    pub title: String,
    /// `Given …, when …, then …`
    pub criteria: Vec<String>,
}

/// A line with an id: a user story `US1`, a feature `F1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedItem {
    /// Its id.
    pub id: String,
    /// What it says.
    pub text: String,
}

/// E-25.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftwareSpecification {
    /// The idea in a paragraph.
    pub core_idea: String,
    /// What must hold.
    pub requirements: Vec<HandedRequirement>,
    /// Who wants what, and why.
    pub user_stories: Vec<HandedItem>,
    /// The parts of the product.
    pub high_level_features: Vec<HandedItem>,
}

/// E-26.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImplementationPlan {
    /// Where the diagram is: a reference relative to the artifact, `#architecture`, for diagrams that stand in its body.
    pub architecture_diagram_url: String,
    /// SQL.
    pub database_schema: String,
    /// Name, version and reason, one an entry.
    pub tech_stack: Vec<String>,
    /// In order.
    pub task_breakdown: Vec<PlanTask>,
}

/// What is handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HandoffContent {
    /// E-25.
    SoftwareSpecification(SoftwareSpecification),
    /// E-26.
    ImplementationPlan(ImplementationPlan),
    /// E-27: the files lie beside the artifact.
    Code(CodeManifest),
}

/// The envelope (E-24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// The project.
    pub project_id: ProjectId,
    /// Who wrote it.
    pub source_agent: String,
    /// Who reads it next.
    pub target_agent: String,
    /// What it is.
    pub handoff_type: HandoffType,
    /// Its fields.
    pub content: HandoffContent,
    /// The same as its agent wrote it, Markdown: what the next agent reads.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// An envelope that must not be passed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct HandoffFault {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl Handoff {
    /// An envelope of that type, addressed as its type says.
    #[must_use]
    pub fn new(project_id: ProjectId, content: HandoffContent, body: String) -> Self {
        let handoff_type = content.handoff_type();
        let (source, target) = handoff_type.ends();
        let (source_agent, target_agent) = (source.to_owned(), target.to_owned());
        Self { project_id, source_agent, target_agent, handoff_type, content, body }
    }

    /// Whether it may be passed on.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), HandoffFault> {
        let fault = |field, reason: String| Err(HandoffFault { field, reason });
        let (source, target) = self.handoff_type.ends();
        if self.source_agent != source {
            return fault("source_agent", format!("`{}` instead of `{source}`", self.source_agent));
        }
        if self.target_agent != target {
            return fault("target_agent", format!("`{}` instead of `{target}`", self.target_agent));
        }
        if self.content.handoff_type() != self.handoff_type {
            return fault("content", format!("is not that of `{}`", self.handoff_type.as_str()));
        }
        if self.body.len() > BODY_BYTES_MAX {
            return fault("body", format!("{} bytes; at most {BODY_BYTES_MAX}", self.body.len()));
        }
        match &self.content {
            HandoffContent::SoftwareSpecification(content) => content.check(),
            HandoffContent::ImplementationPlan(content) => content.check(),
            HandoffContent::Code(manifest) if manifest.files.is_empty() => {
                fault("content", "no files".to_owned())
            }
            HandoffContent::Code(_) => Ok(()),
        }
    }
}

impl HandoffContent {
    /// Which type it is of.
    #[must_use]
    pub fn handoff_type(&self) -> HandoffType {
        match self {
            Self::SoftwareSpecification(_) => HandoffType::SoftwareSpecification,
            Self::ImplementationPlan(_) => HandoffType::ImplementationPlan,
            Self::Code(_) => HandoffType::Code,
        }
    }
}

fn said(field: &'static str, text: &str) -> Result<(), HandoffFault> {
    if text.trim().is_empty() {
        return Err(HandoffFault { field, reason: "is empty".to_owned() });
    }
    Ok(())
}

fn some<T>(field: &'static str, list: &[T]) -> Result<(), HandoffFault> {
    if (1..=ENTRIES_MAX).contains(&list.len()) {
        return Ok(());
    }
    Err(HandoffFault { field, reason: format!("{} entries; 1 to {ENTRIES_MAX} are wanted", list.len()) })
}

impl SoftwareSpecification {
    fn check(&self) -> Result<(), HandoffFault> {
        said("core_idea", &self.core_idea)?;
        some("requirements", &self.requirements)?;
        some("user_stories", &self.user_stories)?;
        some("high_level_features", &self.high_level_features)?;
        match self.requirements.iter().find(|one| one.criteria.is_empty()) {
            Some(one) => {
                let reason = format!("{} has no acceptance criterion", one.id);
                Err(HandoffFault { field: "requirements", reason })
            }
            None => Ok(()),
        }
    }
}

impl ImplementationPlan {
    fn check(&self) -> Result<(), HandoffFault> {
        said("architecture_diagram_url", &self.architecture_diagram_url)?;
        said("database_schema", &self.database_schema)?;
        some("tech_stack", &self.tech_stack)?;
        some("task_breakdown", &self.task_breakdown)?;
        if self.architecture_diagram_url.starts_with('#') {
            return Ok(());
        }
        Err(HandoffFault {
            field: "architecture_diagram_url",
            reason: "is not a reference into the artifact".to_owned(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::document::plan::TaskSize;
    use uuid::Uuid;

    fn specification() -> Handoff {
        let item = |id: &str| HandedItem { id: id.to_owned(), text: "x".to_owned() };
        let requirement = HandedRequirement {
            id: "FR-001".to_owned(),
            title: "Book".to_owned(),
            criteria: vec!["Given a, when b, then c.".to_owned()],
        };
        let content = SoftwareSpecification {
            core_idea: "A gym.".to_owned(),
            requirements: vec![requirement],
            user_stories: vec![item("US1")],
            high_level_features: vec![item("F1")],
        };
        Handoff::new(
            ProjectId(Uuid::nil()),
            HandoffContent::SoftwareSpecification(content),
            "body".to_owned(),
        )
    }

    fn plan() -> Handoff {
        let task = PlanTask {
            id: "T001".to_owned(),
            title: "Begin".to_owned(),
            files: Vec::new(),
            needs: Vec::new(),
            covers: Vec::new(),
            size: TaskSize::S,
            body: "x".to_owned(),
            line: 1,
        };
        let content = ImplementationPlan {
            architecture_diagram_url: "#architecture".to_owned(),
            database_schema: "CREATE TABLE a (b int);".to_owned(),
            tech_stack: vec!["Node 22".to_owned()],
            task_breakdown: vec![task],
        };
        Handoff::new(ProjectId(Uuid::nil()), HandoffContent::ImplementationPlan(content), String::new())
    }

    #[test]
    fn envelopes_survive_json_and_keep_their_type() {
        for handoff in [specification(), plan()] {
            handoff.check().unwrap();
            let json = serde_json::to_string(&handoff).unwrap();
            let again: Handoff = serde_json::from_str(&json).unwrap();
            assert_eq!(again, handoff);
            again.check().unwrap();
        }
    }

    #[test]
    fn what_is_malformed_is_not_passed_on() {
        let field = |change: fn(&mut Handoff)| {
            let mut handoff = specification();
            change(&mut handoff);
            handoff.check().unwrap_err().field
        };
        assert_eq!(field(|one| one.source_agent = "coder".to_owned()), "source_agent");
        assert_eq!(field(|one| one.target_agent = "analyst".to_owned()), "target_agent");
        assert_eq!(field(|one| one.content = plan().content), "content");
        assert_eq!(field(|one| one.body = "x".repeat(BODY_BYTES_MAX + 1)), "body");
        let inside = |change: fn(&mut SoftwareSpecification)| {
            let mut handoff = specification();
            if let HandoffContent::SoftwareSpecification(content) = &mut handoff.content {
                change(content);
            }
            handoff.check().unwrap_err().field
        };
        assert_eq!(inside(|one| one.core_idea = " ".to_owned()), "core_idea");
        assert_eq!(inside(|one| one.requirements.clear()), "requirements");
        assert_eq!(inside(|one| one.requirements[0].criteria.clear()), "requirements");
        assert_eq!(inside(|one| one.user_stories.clear()), "user_stories");
        assert_eq!(inside(|one| one.high_level_features.clear()), "high_level_features");
        let outside = |change: fn(&mut ImplementationPlan)| {
            let mut handoff = plan();
            if let HandoffContent::ImplementationPlan(content) = &mut handoff.content {
                change(content);
            }
            handoff.check().unwrap_err().field
        };
        assert_eq!(
            outside(|one| one.architecture_diagram_url = "https://elsewhere.example".to_owned()),
            "architecture_diagram_url"
        );
        assert_eq!(outside(|one| one.database_schema.clear()), "database_schema");
        assert_eq!(outside(|one| one.tech_stack.clear()), "tech_stack");
        assert_eq!(outside(|one| one.task_breakdown.clear()), "task_breakdown");
    }
}
