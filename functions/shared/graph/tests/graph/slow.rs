//! An answer that comes piece by piece and has no end is waited for as long as an answer may take, and no longer.

use crate::common::{source, tenant, world};
use domain::ErrorKind;
use engine::ports::{Cursor, DirectoryPages};
use graph::{GraphDirectory, GraphSettings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A Graph whose first answers have no end; gives its address, and counts what it is asked.
async fn trickling(endless: u32) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(answer(stream, number < endless));
        }
    });
    (url, asked)
}

async fn answer(mut stream: TcpStream, is_endless: bool) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    if !is_endless {
        let body = r#"{"value":[]}"#;
        let all = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        return stream.write_all(all.as_bytes()).await;
    }
    stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await?;
    loop {
        // Until nobody listens any more.
        stream.write_all(b"1\r\n \r\n").await?;
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_asked_for_again_and_after_some_tries_it_is_no_answer() {
    for (endless, is_read) in [(1, true), (u32::MAX, false)] {
        let login = world(|_| None).await;
        let (graph_url, asked) = trickling(endless).await;
        let answer_within = Duration::from_millis(300);
        let settings = GraphSettings { graph_url, answer_within, ..GraphSettings::default() };
        let directory = GraphDirectory::new(login.client_with(settings));
        let read = directory.read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await;
        match read {
            Ok(page) => assert!(is_read && page.items.is_empty()),
            Err(error) => assert!(!is_read && error.kind() == ErrorKind::Unavailable, "{error:?}"),
        }
        assert_eq!(asked.load(Ordering::Relaxed), if is_read { 2 } else { 5 });
    }
}
