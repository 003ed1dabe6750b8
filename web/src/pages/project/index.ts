// One project: its frame (title, progress, tabs) and a tab a file.
export { ArtifactTab } from "./artifact-tab";
export { ConversationTab } from "./conversation-tab";
export { OverviewTab } from "./overview-tab";
export { ProjectFrame } from "./project-frame";
export { PromptsTab } from "./prompts-tab";
export { ReviewTab } from "./review-tab";
export { TimelineTab } from "./timeline-tab";
export { UsageTab } from "./usage-tab";
