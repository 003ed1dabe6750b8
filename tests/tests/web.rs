//! The web application in a real browser against the whole stack: `web/e2e/` holds what it does, this starts what it needs.
//! Chromium is Debian's; `deploy/install-chromium.sh` gets it where it is not there.

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use groundwork_tests::bench::web;
use groundwork_tests::{Component, Options, Ports, Stack};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, oneshot};

/// Slow enough that a page shows work going on, fast enough to wait for it.
const CALL_MS: &str = "--call-ms=400";
/// What the button of the other way to sign in says.
const PROVIDER: &str = "Example SSO";
/// As `tests/servers/oidc.mjs` has it.
const CLIENT_SECRET: &str = "a secret with % and : in it";
/// Of the person who looks at the administration.
const OPERATOR: &str = "operator@example.org";

#[tokio::test(flavor = "multi_thread")]
async fn the_web_application_works_in_a_browser() -> Result<()> {
    if let Some(why) = web::lacks() {
        bail!("{why}");
    }
    let around = tempfile::tempdir()?;
    let ports = Ports::free()?;
    // A cookie that is `Secure` is kept over plain http for this name.
    let url = format!("http://localhost:{}", ports.api);
    let provider = Provider::start(&url).await?;
    let options = Options {
        simulator: vec![CALL_MS.to_owned()],
        env: environment(around.path(), &url, &provider)?,
        ports: Some(ports),
        ..Options::default()
    };
    let stack = Stack::start(options).await?;
    let seeded = web::seed(&stack).await?;
    let (wishes, wished) = mpsc::channel(1);
    let control = serve_control(wishes).await?;
    let mut npm = Command::new("npm")
        .args(["run", "--silent", "e2e"])
        .current_dir(web::folder())
        .env("GROUNDWORK_E2E_URL", url)
        .env("GROUNDWORK_E2E_PROVIDER", PROVIDER)
        .env("GROUNDWORK_E2E_CONTROL", control)
        .env("GROUNDWORK_E2E_MAIL", around.path().join("mail"))
        .env("GROUNDWORK_E2E_OPERATOR", OPERATOR)
        .env("GROUNDWORK_E2E_SEEDED", serde_json::to_string(&seeded)?)
        .kill_on_drop(true)
        .spawn()
        .context("running npm")?;
    let status = tokio::select! {
        status = npm.wait() => status?,
        () = obey(&stack, wished) => bail!("nobody can wish anything any more"),
    };
    if !status.success() {
        bail!("tests in web/e2e failed: see above");
    }
    Ok(())
}

/// An OpenID provider (`tests/servers/oidc.mjs`) where people say on a page of its own who they are. It ends with this.
struct Provider {
    issuer: String,
    _child: Child,
    _stdin: ChildStdin,
}

impl Provider {
    async fn start(url: &str) -> Result<Self> {
        let options = json!({"redirect_uri": format!("{url}/api/v1/auth/oauth/sso/callback")});
        let mut child = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/run.sh"))
            .args(["oidc", &options.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("running tests/servers/run.sh")?;
        let stdin = child.stdin.take().context("its standard input")?;
        let mut lines = BufReader::new(child.stdout.take().context("its standard output")?).lines();
        while let Some(line) = lines.next_line().await? {
            let said: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(issuer) = said["issuer"].as_str() {
                let issuer = issuer.to_owned();
                // What it says later goes somewhere: writing to nobody would end it.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { issuer, _child: child, _stdin: stdin });
            }
        }
        bail!("the OpenID provider ended: run tests/servers/run.sh by hand")
    }
}

/// Everybody in these tests comes from one address, makes many projects, and has mail that can be read.
fn environment(around: &Path, url: &str, provider: &Provider) -> Result<Vec<(String, String)>> {
    let config = around.join("groundwork.toml");
    let issuer = &provider.issuer;
    std::fs::write(
        &config,
        format!(
            "[api]\noperators = [\"{OPERATOR}\"]\npublic_url = \"{url}\"\n[api.oauth.sso]\nlabel = \"{PROVIDER}\"\n\
             client_id = \"groundwork\"\nclient_secret = \"{CLIENT_SECRET}\"\nissuer = \"{issuer}\"\n"
        ),
    )?;
    let mail = around.join("mail");
    std::fs::create_dir(&mail)?;
    let set = |name: &str, value: &str| (format!("GROUNDWORK__API__{name}"), value.to_owned());
    Ok(vec![
        ("GROUNDWORK_CONFIG".to_owned(), config.display().to_string()),
        set("USERS_MAX", "0"),
        set("PROJECTS_MAX", "100"),
        set("QUOTAS__PROJECTS__FREE", "100"),
        set("QUOTAS__SIGN_UPS__FREE", "100"),
        set("QUOTAS__ANONYMOUS_REQUESTS__FREE", "6000"),
        set("QUOTAS__REQUESTS__FREE", "6000"),
        set("MAIL__URL", &format!("file://{}", mail.display())),
    ])
}

/// What a test asks for: the API away, or back, or calls to models that go wrong. The answer goes back through the channel.
#[derive(Clone, Debug)]
enum Wish {
    Kill,
    Start,
    Fault(String),
}

type Wishes = mpsc::Sender<(Wish, oneshot::Sender<StatusCode>)>;

/// Lets a test take the API away and bring it back, and models fail: the browser shall see what a person sees then.
async fn serve_control(wishes: Wishes) -> Result<String> {
    let router = Router::new()
        .route("/api/kill", post(async |State(wishes): State<Wishes>| pass_on(wishes, Wish::Kill).await))
        .route("/api/start", post(async |State(wishes): State<Wishes>| pass_on(wishes, Wish::Start).await))
        .route(
            "/faults",
            post(async |State(wishes): State<Wishes>, rule: String| pass_on(wishes, Wish::Fault(rule)).await),
        )
        .with_state(wishes);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

async fn pass_on(wishes: Wishes, wish: Wish) -> StatusCode {
    let (tell, told) = oneshot::channel();
    match wishes.send((wish, tell)).await {
        Ok(()) => told.await.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Does what is wished, one after the other, for ever.
async fn obey(stack: &Stack, mut wishes: mpsc::Receiver<(Wish, oneshot::Sender<StatusCode>)>) {
    while let Some((wish, tell)) = wishes.recv().await {
        let done = match wish {
            Wish::Kill => stack.kill(Component::Api).await,
            Wish::Start => stack.restart(Component::Api).await,
            Wish::Fault(rule) => stack.simulator().add_faults(&[&rule]).await,
        };
        let status = if done.is_ok() { StatusCode::NO_CONTENT } else { StatusCode::INTERNAL_SERVER_ERROR };
        // Whoever wished may have gone.
        let _ = tell.send(status);
    }
}
