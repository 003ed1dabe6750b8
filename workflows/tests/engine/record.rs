//! Replaying what has just happened, and recording it for builds to come.

use crate::{Scene, until};
use anyhow::Result;
use groundwork_domain::project::Phase;
use groundwork_workflows::ProjectWorkflow;
use std::collections::BTreeSet;
use std::path::Path;
use temporalio_client::{WorkflowHandle, WorkflowHistory};
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

impl Scene {
    /// Replays what has happened with the code of this build; records it where GROUNDWORK_RECORD is set.
    pub(crate) async fn replays(&self, name: &str) -> Result<()> {
        for (number, run_id) in self.runs().await?.into_iter().enumerate() {
            let mut info = self.handle().info().clone();
            info.run_id = Some(run_id);
            let handle = WorkflowHandle::<_, ProjectWorkflow>::new(self.client.clone(), info);
            let history = handle.fetch_history(Default::default()).to_json().await?;
            let options = WorkflowReplayerOptions::new().register_workflow::<ProjectWorkflow>()?.build();
            WorkflowReplayer::new(options)?.replay_workflow(WorkflowHistory::from_json(&history)?).await?;
            if std::env::var_os("GROUNDWORK_RECORD").is_some() {
                self.record(&format!("{name}-{}.json", number + 1), &history)?;
            }
        }
        Ok(())
    }

    /// Ids of the project's runs, oldest first. The list follows the workflows: it is asked until the latest one is there, which
    /// comes last.
    async fn runs(&self) -> Result<Vec<String>> {
        let latest = self.handle().describe(Default::default()).await?.run_id().to_owned();
        until("the latest run in Temporal's list", async || {
            let listed = self.server.cli(&["workflow", "list", "--output", "json"]);
            let listed = listed.map_err(|error| error.to_string())?;
            let all: Vec<serde_json::Value> =
                serde_json::from_str(&listed).map_err(|error| error.to_string())?;
            let ids = all.iter().rev().filter_map(|run| run["execution"]["runId"].as_str());
            let ids: Vec<_> = ids.map(str::to_owned).collect();
            if ids.contains(&latest) { Ok(ids) } else { Err(format!("no {latest} in {listed}")) }
        })
        .await
    }

    /// Ids of all activities of all runs, as operators see them; local ones have none there.
    pub(crate) async fn activity_ids(&self) -> Result<BTreeSet<String>> {
        let workflow = self.project.workflow_id();
        let mut ids = BTreeSet::new();
        for run in self.runs().await? {
            let shown =
                self.server.cli(&["workflow", "show", "-w", &workflow, "-r", &run, "--output", "json"])?;
            let history: serde_json::Value = serde_json::from_str(&shown)?;
            for event in history["events"].as_array().into_iter().flatten() {
                let id = event["activityTaskScheduledEventAttributes"]["activityId"].as_str();
                ids.extend(id.map(str::to_owned));
            }
        }
        Ok(ids)
    }

    fn record(&self, name: &str, history: &[u8]) -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("histories");
        std::fs::create_dir_all(folder.join("states"))?;
        std::fs::write(folder.join(name), history)?;
        let published = self.script.published.lock().unwrap();
        let completed =
            published.iter().rev().find(|publication| publication.view.summary.phase == Phase::Completed);
        if let Some(publication) = completed {
            std::fs::write(folder.join("states").join(name), serde_json::to_vec(&publication.snapshot)?)?;
        }
        Ok(())
    }
}
