//! Files that people bring: checked by name, size and content, kept byte for byte. And finding things.

use crate::server::{Answer, Person, Server};
use groundwork_domain::ProjectId;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

async fn send(person: &Person, project: ProjectId, key: &str, name: &str, content: &[u8]) -> Answer {
    let mut body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--edge\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/html\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let request = person.request(Method::POST, &format!("/projects/{project}/uploads"));
    let request =
        request.header(CONTENT_TYPE, "multipart/form-data; boundary=edge").header("idempotency-key", key);
    Answer::of(request.body(body)).await
}

#[tokio::test]
async fn a_file_is_kept_as_it_came_under_a_name_that_leads_nowhere() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let text = b"# Notes\n\nkey: sk-ant-0123456789abcdefghij0123\n";
    let kept = send(&ada, project, "1", "../../etc/Notes of Ada.md", text).await.ok();
    assert_eq!((&kept["filename"], &kept["has_text"]), (&json!("Notes-of-Ada.md"), &json!(true)));
    assert_eq!(send(&ada, project, "1", "../../etc/Notes of Ada.md", text).await.ok()["id"], kept["id"]);

    assert!(kept["expires_at"].is_string(), "{kept}");

    let path = format!("/projects/{project}/uploads/{}", kept["id"].as_str().unwrap());
    let original = ada.get(&path).await;
    assert_eq!(original.bytes, text, "byte for byte");
    assert_eq!(original.headers["content-type"], "application/octet-stream");
    assert_eq!(original.headers["content-disposition"], "attachment; filename=\"Notes-of-Ada.md\"");
    let read: String = sqlx::query_scalar("select text from uploads").fetch_one(&server.owner).await.unwrap();
    assert!(read.contains("[redacted: provider key]"), "what agents read has no secrets: {read}");

    for (name, content) in [
        ("a.exe", &b"MZ"[..]),
        ("a.png", b"<script>"),
        ("a.txt", b"\xff\xfe"),
        ("a.json", b"{"),
        ("noname", b"x"),
    ] {
        send(&ada, project, name, name, content).await.refused(422, "invalid_fields");
    }
    let no_form =
        ada.send(Method::POST, &format!("/projects/{project}/uploads"), &json!({"file": "x"})).await;
    no_form.refused(415, "unsupported_media_type");
    let list: Value = ada.get(&format!("/projects/{project}/uploads")).await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(ada.send(Method::DELETE, &path, &json!({})).await.status, 204);
    ada.get(&path).await.refused(404, "not_found");
    server.remove().await;
}

#[tokio::test]
async fn a_project_has_room_for_so_much() {
    let server = Server::with(|settings| {
        settings.uploads.files_max = 2;
        settings.uploads.file_bytes_max = 100;
        settings.uploads.project_bytes_max = 150;
    })
    .await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    send(&ada, project, "1", "a.txt", &[b'a'; 101]).await.refused(413, "too_large");
    send(&ada, project, "2", "a.txt", &[b'a'; 100]).await.ok();
    send(&ada, project, "3", "b.txt", &[b'b'; 51]).await.refused(429, "limit_reached");
    send(&ada, project, "4", "b.txt", &[b'b'; 50]).await.ok();
    let over = send(&ada, project, "5", "c.txt", b"c").await;
    assert_eq!(over.refused(429, "limit_reached")["limit"], 2);
    server.remove().await;
}

#[tokio::test]
async fn projects_and_what_is_in_them_are_found_by_titles_and_ids() {
    let server = Server::new().await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let project = server.project(&ada).await;
    crate::export::with_package(&server, &ada, project).await;
    sqlx::query("update projects set title = '100%_Gym'").execute(&server.owner).await.unwrap();
    let found = ada.get("/search?q=100%25_gy").await.ok();
    assert_eq!(found["items"][0]["id"], json!(project));
    assert_eq!(ada.get("/search?q=%25").await.ok()["items"].as_array().unwrap().len(), 1);
    assert_eq!(ada.get("/search?q=__").await.ok()["items"], json!([]), "no pattern of the searcher's");
    let by_id = ada.get(&format!("/search?q={}", &project.to_string()[..8])).await.ok();
    assert_eq!(by_id["items"][0]["kind"], "project");
    assert_eq!(eve.get("/search?q=gym").await.ok()["items"], json!([]));
    let within = ada.get(&format!("/projects/{project}/search?q=bookings")).await.ok();
    assert_eq!(
        (&within["items"][0]["kind"], within["items"].as_array().unwrap().len()),
        (&json!("prompt"), 1)
    );
    ada.get("/search?q=%20").await.refused(400, "invalid_query");
    server.remove().await;
}

/// Agents begin at once: what belongs to an idea comes with it, or nothing does.
#[tokio::test]
async fn files_come_with_an_idea_or_nothing_does() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let with = |name: &str, content: &str| json!({"idea": "An app for a bakery that takes orders.", "files": [{"filename": name, "content_base64": content}]});
    for (name, content, words) in [
        ("notes.exe", "aGk=", "files[0]"),
        ("notes.md", "no Base64!", "is not Base64"),
        ("picture.png", "aGk=", "files[0]"),
    ] {
        let sent = ada.send(Method::POST, "/projects", &with(name, content)).await;
        let answer = sent.refused(422, "invalid_fields");
        assert!(answer.to_string().contains(words), "{name}: {answer}");
    }
    assert_eq!(ada.get("/projects").await.ok()["items"], json!([]), "nothing half done");
    // The engine is away, so that the start surely fails: the files go with the project. (That they are there before any agent
    // is: tests/tests/end_to_end.rs.)
    let notes = with("notes.md", "IyBOb3RlcwoKQnJlYWQgb25seS4=");
    ada.send(Method::POST, "/projects", &notes).await.refused(503, "engine_unavailable");
    assert_eq!(ada.get("/projects").await.ok()["items"], json!([]), "nothing half done");
    server.remove().await;
}
