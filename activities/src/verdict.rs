//! What follows from findings: code decides, never a model's own word.

use groundwork_domain::document::{Finding, Layer, Prompt, Severity, Verdict};

/// Numbers of the prompts in which the writer can mend a finding: those that it names, else those that cover what it
/// names. Empty where it is not for the writer (another layer) or not worth a round (minor).
pub(crate) fn places(finding: &Finding, prompts: &[Prompt]) -> Vec<u32> {
    if finding.layer != Layer::Prompt || finding.severity < Severity::Major {
        return Vec::new();
    }
    let named = |prompt: &&Prompt| finding.prompts.contains(&prompt.number);
    let covering = |prompt: &&Prompt| prompt.covers.iter().any(|id| finding.requirements.contains(id));
    let numbers: Vec<u32> = prompts.iter().filter(named).map(|prompt| prompt.number).collect();
    if numbers.is_empty() {
        return prompts.iter().filter(covering).map(|prompt| prompt.number).collect();
    }
    numbers
}

/// The verdict over all findings, and how many of them can be mended.
pub(crate) fn judge(findings: &[Finding], prompts: &[Prompt]) -> (Verdict, u32) {
    let mendable = findings.iter().filter(|finding| !places(finding, prompts).is_empty()).count();
    let verdict = if mendable > 0 { Verdict::Revise } else { Verdict::Pass };
    (verdict, u32::try_from(mendable).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use groundwork_domain::document::PromptStage;

    fn prompt(number: u32, covers: &[&str]) -> Prompt {
        Prompt {
            number,
            stage: PromptStage::Backend,
            title: String::new(),
            covers: covers.iter().map(|id| (*id).to_owned()).collect(),
            needs: Vec::new(),
            content: String::new(),
            checklist: Vec::new(),
        }
    }

    fn finding(
        id: &str,
        severity: Severity,
        layer: Layer,
        prompts: &[u32],
        requirements: &[&str],
    ) -> Finding {
        Finding {
            id: id.to_owned(),
            severity,
            layer,
            prompts: prompts.to_vec(),
            requirements: requirements.iter().map(|id| (*id).to_owned()).collect(),
            problem: String::new(),
            fix: String::new(),
        }
    }

    #[test]
    fn only_grave_findings_about_prompts_that_exist_are_mended() {
        let prompts = [prompt(1, &["FR-001"]), prompt(2, &["FR-002"])];
        let places = |severity, layer, numbers: &[u32], ids: &[&str]| {
            places(&finding("C1", severity, layer, numbers, ids), &prompts)
        };
        assert_eq!(places(Severity::Major, Layer::Prompt, &[2, 9], &[]), [2]);
        assert_eq!(places(Severity::Blocker, Layer::Prompt, &[], &["FR-001"]), [1]);
        assert!(places(Severity::Minor, Layer::Prompt, &[1], &[]).is_empty());
        assert!(places(Severity::Blocker, Layer::Spec, &[1], &["FR-001"]).is_empty());
        assert!(places(Severity::Blocker, Layer::Prompt, &[9], &["FR-009"]).is_empty());
    }

    #[test]
    fn what_code_found_is_never_a_pass_and_minor_remarks_are() {
        let prompts = [prompt(1, &["FR-001"])];
        let code = finding("K1", Severity::Blocker, Layer::Prompt, &[1], &[]);
        let remark = finding("C1", Severity::Minor, Layer::Prompt, &[1], &[]);
        assert_eq!(judge(&[code, remark.clone()], &prompts), (Verdict::Revise, 1));
        assert_eq!(judge(&[remark], &prompts), (Verdict::Pass, 0));
        assert_eq!(judge(&[], &prompts), (Verdict::Pass, 0));
    }
}
