import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { isProblem } from "@/api/problem";
import { meQuery } from "@/api/queries";
import { LandingPage } from "@/pages/landing/landing-page";
import { AbsentPage, CrashPage, NotFoundPage } from "@/pages/not-found";
import { queryClient } from "./query-client";
import { claimDrafts, forget, hadSession, safeNext } from "./session";
import { Shell } from "./shell";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage, errorComponent: CrashPage });

/** Goes where signed-in people are at home, if this browser has a session. */
async function toProjects(): Promise<void> {
  if (!hadSession()) return;
  const me = await queryClient.ensureQueryData(meQuery).catch(() => null);
  if (me !== null) throw redirect({ to: "/projects" });
}

const landing = createRoute({ getParentRoute: () => root, path: "/", component: LandingPage, beforeLoad: toProjects });

/** Pages of signing in: one folder, loaded when somebody signs in. */
const auth = () => import("@/pages/auth");
const open = createRoute({ getParentRoute: () => root, id: "open", component: lazyRouteComponent(auth, "AuthFrame") });
const search = (raw: Record<string, unknown>): { next?: string; ended?: boolean } => ({
  ...(typeof raw.next === "string" ? { next: safeNext(raw.next) } : {}),
  ...(raw.ended === undefined ? {} : { ended: true }),
});
const login = createRoute({ getParentRoute: () => open, path: "/login", validateSearch: search, component: lazyRouteComponent(auth, "LoginPage") });
const signup = createRoute({ getParentRoute: () => open, path: "/signup", validateSearch: search, component: lazyRouteComponent(auth, "SignUpPage") });
const register = createRoute({ getParentRoute: () => open, path: "/register", beforeLoad: () => { throw redirect({ to: "/signup" }); } });
const forgot = createRoute({ getParentRoute: () => open, path: "/auth/forgot", component: lazyRouteComponent(auth, "ForgotPage") });
const verifyEmail = createRoute({ getParentRoute: () => open, path: "/auth/verify-email", component: lazyRouteComponent(auth, "VerifyEmailPage") });
const resetPassword = createRoute({ getParentRoute: () => open, path: "/auth/reset-password", component: lazyRouteComponent(auth, "ResetPasswordPage") });
const magicLink = createRoute({ getParentRoute: () => open, path: "/auth/magic-link", component: lazyRouteComponent(auth, "MagicLinkPage") });
const changeEmail = createRoute({ getParentRoute: () => open, path: "/auth/change-email", component: lazyRouteComponent(auth, "ChangeEmailPage") });
const complete = createRoute({ getParentRoute: () => open, path: "/auth/complete", component: lazyRouteComponent(auth, "CompletePage") });

/** Everything that needs a session. Without one: to the login, and back afterwards. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  component: Shell,
  beforeLoad: async ({ location }) => {
    const next = location.href;
    if (!hadSession()) throw redirect({ to: "/login", search: { next } });
    try {
      claimDrafts((await queryClient.ensureQueryData(meQuery)).user.id);
    } catch (error) {
      if (!isProblem(error) || error.status !== 401) return;
      forget();
      throw redirect({ to: "/login", search: { next } });
    }
  },
});

const dashboard = createRoute({ getParentRoute: () => signedIn, path: "/projects", component: lazyRouteComponent(() => import("@/pages/dashboard/dashboard-page"), "DashboardPage") });
const alias = (path: "/dashboard" | "/app" | "/app/features") =>
  createRoute({ getParentRoute: () => root, path, beforeLoad: () => { throw redirect({ to: "/projects" }); } });
const feature = createRoute({
  getParentRoute: () => root,
  path: "/app/features/$featureId",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/projects/$projectId", params: { projectId: params.featureId } });
  },
});
const appSettings = createRoute({ getParentRoute: () => root, path: "/app/settings", beforeLoad: () => { throw redirect({ to: "/settings/keys" }); } });
const newProject = createRoute({
  getParentRoute: () => signedIn,
  path: "/projects/new",
  validateSearch: (raw: Record<string, unknown>): { pipeline?: string } => (typeof raw.pipeline === "string" ? { pipeline: raw.pipeline } : {}),
  component: lazyRouteComponent(() => import("@/pages/new-project/new-project-page"), "NewProjectPage"),
});

const project = () => import("@/pages/project");
const projectFrame = createRoute({ getParentRoute: () => signedIn, path: "/projects/$projectId", component: lazyRouteComponent(project, "ProjectFrame") });
const overview = createRoute({ getParentRoute: () => projectFrame, path: "/", component: lazyRouteComponent(project, "OverviewTab") });
const prompts = createRoute({ getParentRoute: () => projectFrame, path: "/prompts", component: lazyRouteComponent(project, "PromptsTab") });
const review = createRoute({ getParentRoute: () => projectFrame, path: "/review", component: lazyRouteComponent(project, "ReviewTab") });
const timeline = createRoute({ getParentRoute: () => projectFrame, path: "/timeline", component: lazyRouteComponent(project, "TimelineTab") });
const conversation = createRoute({ getParentRoute: () => projectFrame, path: "/conversation", component: lazyRouteComponent(project, "ConversationTab") });
const projectUsage = createRoute({ getParentRoute: () => projectFrame, path: "/usage", component: lazyRouteComponent(project, "UsageTab") });
const artifact = createRoute({
  getParentRoute: () => projectFrame,
  path: "/artifacts/$name",
  validateSearch: (raw: Record<string, unknown>): { version?: number; against?: number } => ({
    ...(typeof raw.version === "number" ? { version: raw.version } : {}),
    ...(typeof raw.against === "number" ? { against: raw.against } : {}),
  }),
  component: lazyRouteComponent(project, "ArtifactTab"),
});

const inbox = createRoute({ getParentRoute: () => signedIn, path: "/inbox", component: lazyRouteComponent(() => import("@/pages/inbox/inbox-page"), "InboxPage") });
const pipelines = createRoute({ getParentRoute: () => signedIn, path: "/pipelines", component: lazyRouteComponent(() => import("@/pages/pipelines/pipelines-page"), "PipelinesPage") });
const newPipeline = createRoute({
  getParentRoute: () => signedIn,
  path: "/pipelines/new",
  validateSearch: (raw: Record<string, unknown>): { from?: string } => (typeof raw.from === "string" ? { from: raw.from } : {}),
  component: lazyRouteComponent(() => import("@/pages/pipelines/pipeline-editor"), "PipelineEditorPage"),
});
const pipeline = createRoute({ getParentRoute: () => signedIn, path: "/pipelines/$pipelineId", validateSearch: (raw: Record<string, unknown>): { version?: number } => (typeof raw.version === "number" ? { version: raw.version } : {}), component: lazyRouteComponent(() => import("@/pages/pipelines/pipeline-page"), "PipelinePage") });
const usage = createRoute({ getParentRoute: () => signedIn, path: "/usage", component: lazyRouteComponent(() => import("@/pages/usage/usage-page"), "UsagePage") });
const admin = createRoute({ getParentRoute: () => signedIn, path: "/admin", component: lazyRouteComponent(() => import("@/pages/admin/admin-page"), "AdminPage") });

const settings = () => import("@/pages/settings");
const settingsFrame = createRoute({ getParentRoute: () => signedIn, path: "/settings", component: lazyRouteComponent(settings, "SettingsFrame") });
const settingsIndex = createRoute({ getParentRoute: () => settingsFrame, path: "/", beforeLoad: () => { throw redirect({ to: "/settings/profile" }); } });
const profile = createRoute({ getParentRoute: () => settingsFrame, path: "/profile", component: lazyRouteComponent(settings, "ProfileTab") });
const security = createRoute({ getParentRoute: () => settingsFrame, path: "/security", component: lazyRouteComponent(settings, "SecurityTab") });
const tokens = createRoute({ getParentRoute: () => settingsFrame, path: "/tokens", component: lazyRouteComponent(settings, "TokensTab") });
const providerKeys = createRoute({ getParentRoute: () => settingsFrame, path: "/keys", component: lazyRouteComponent(settings, "KeysTab") });
const workspace = createRoute({ getParentRoute: () => settingsFrame, path: "/workspace", component: lazyRouteComponent(settings, "WorkspaceTab") });
const members = createRoute({ getParentRoute: () => settingsFrame, path: "/members", component: lazyRouteComponent(settings, "MembersTab") });
const limits = createRoute({ getParentRoute: () => settingsFrame, path: "/limits", component: lazyRouteComponent(settings, "LimitsTab") });
const audit = createRoute({ getParentRoute: () => settingsFrame, path: "/audit", component: lazyRouteComponent(settings, "AuditTab") });

const tree = root.addChildren([
  landing,
  alias("/dashboard"),
  alias("/app"),
  alias("/app/features"),
  feature,
  appSettings,
  open.addChildren([login, signup, register, forgot, verifyEmail, resetPassword, magicLink, changeEmail, complete]),
  signedIn.addChildren([
    dashboard,
    newProject,
    projectFrame.addChildren([overview, prompts, review, timeline, conversation, projectUsage, artifact]),
    inbox,
    pipelines,
    newPipeline,
    pipeline,
    usage,
    admin,
    settingsFrame.addChildren([settingsIndex, profile, security, tokens, providerKeys, workspace, members, limits, audit]),
  ]),
]);

export const router = createRouter({ routeTree: tree, scrollRestoration: true, defaultPreload: "intent", defaultPendingMs: 300, defaultErrorComponent: AbsentPage });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
