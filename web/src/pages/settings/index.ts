// Settings: of the person, of the workspace that is chosen, a tab a file.
export { AuditTab } from "./audit-tab";
export { KeysTab } from "./keys-tab";
export { LimitsTab } from "./limits-tab";
export { MembersTab } from "./members-tab";
export { ProfileTab } from "./profile-tab";
export { SecurityTab } from "./security-tab";
export { SettingsFrame } from "./settings-frame";
export { TokensTab } from "./tokens-tab";
export { WorkspaceTab } from "./workspace-tab";
