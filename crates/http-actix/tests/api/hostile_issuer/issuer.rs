//! An issuer whose responses are scripted by the test.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::SigningKey;

/// The path of a discovery document, below the issuer.
pub(crate) const DOCUMENT: &str = "/.well-known/openid-configuration";
/// The path of the key set, below the issuer.
pub(crate) const KEYS: &str = "/keys";

/// What the issuer sends in response to a request.
pub(crate) enum Reply {
    /// Sends these bytes and closes the connection.
    Bytes(Vec<u8>),
    /// Sends nothing until the client disconnects.
    Silence,
    /// Sends these bytes, then single bytes slowly without end.
    Drip(Vec<u8>),
    /// Sends these bytes, then as many as the client accepts.
    Flood(Vec<u8>),
}

/// Returns a response with this status, these header lines and this body.
pub(crate) fn http_response(status: u16, header: &str, body: &[u8]) -> Reply {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{header}\r\n");
    Reply::Bytes([head.as_bytes(), body].concat())
}

/// Returns a 200 response with this JSON.
pub(crate) fn json_response(body: &Value) -> Reply {
    http_response(200, "Content-Type: application/json\r\n", body.to_string().as_bytes())
}

/// Returns a 200 response with a key set.
pub(crate) fn key_set(keys: &[Value]) -> Reply {
    json_response(&json!({ "keys": keys }))
}

type Responder = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// A server on loopback that is the issuer of its own URL and of each path below it.
#[derive(Clone)]
pub(crate) struct Issuer {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    responder: Mutex<Responder>,
    request_heads: Mutex<Vec<String>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    max_open: AtomicUsize,
    /// Notified of each opened connection.
    opened: watch::Sender<()>,
}

impl Issuer {
    /// Starts an issuer that responds with 404.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let not_found: Responder = Arc::new(|_| http_response(404, "", b""));
        let state = Arc::new(State {
            responder: Mutex::new(not_found),
            request_heads: Mutex::default(),
            connections: AtomicUsize::default(),
            open: AtomicUsize::default(),
            max_open: AtomicUsize::default(),
            opened: watch::Sender::new(()),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state }
    }

    /// Returns the URL of the issuer, which is its name.
    pub(crate) fn name(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Sets the response for each path.
    pub(crate) fn respond_with(&self, responder: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        *self.state.responder.lock().unwrap() = Arc::new(responder);
    }

    /// Sets the response for every key set; discovery documents are valid.
    pub(crate) fn serve_keys(&self, keys: impl Fn() -> Reply + Send + Sync + 'static) {
        let name = self.name();
        self.respond_with(move |path| {
            if path.ends_with(KEYS) {
                return keys();
            }
            match path.strip_suffix(DOCUMENT) {
                Some(issuer_path) => discovery_document(&name, issuer_path),
                None => http_response(404, "", b""),
            }
        });
    }

    /// Serves valid discovery documents and these keys.
    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.serve_keys(move || key_set(&keys));
    }

    /// Returns the requested paths, in order.
    pub(crate) fn requested_paths(&self) -> Vec<String> {
        let path = |head: &String| head.split(' ').nth(1).unwrap().to_owned();
        self.state.request_heads.lock().unwrap().iter().map(path).collect()
    }

    /// Returns the number of requests for key sets, whatever the path.
    pub(crate) fn fetches(&self) -> usize {
        self.requested_paths().iter().filter(|path| path.ends_with(KEYS)).count()
    }

    /// Returns the heads of the requests.
    pub(crate) fn request_heads(&self) -> Vec<String> {
        self.state.request_heads.lock().unwrap().clone()
    }

    /// Returns the number of accepted connections, with or without a request.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are open.
    pub(crate) async fn wait_for_open(&self, count: usize) {
        let mut opened = self.state.opened.subscribe();
        opened.wait_for(|()| self.state.open.load(Ordering::SeqCst) >= count).await.unwrap();
    }

    /// Returns the maximum number of simultaneous connections.
    pub(crate) fn max_open(&self) -> usize {
        self.state.max_open.load(Ordering::SeqCst)
    }
}

/// Returns the discovery document of the issuer at `path`.
pub(crate) fn discovery_document(name: &str, path: &str) -> Reply {
    let issuer = format!("{name}{path}");
    json_response(&json!({"issuer": issuer, "jwks_uri": format!("{issuer}{KEYS}")}))
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
    state.max_open.fetch_max(open, Ordering::SeqCst);
    state.opened.send_replace(());
    // The client may disconnect at any time.
    let _ = handle_request(&mut stream, &state).await;
    state.open.fetch_sub(1, Ordering::SeqCst);
}

async fn handle_request(stream: &mut TcpStream, state: &State) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    state.request_heads.lock().unwrap().push(head);
    let responder = Arc::clone(&state.responder.lock().unwrap());
    match responder(&path) {
        Reply::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Reply::Silence => wait_for_close(stream).await,
        Reply::Drip(bytes) => {
            stream.write_all(&bytes).await?;
            while tokio::time::timeout(Duration::from_millis(5), wait_for_close(stream))
                .await
                .is_err()
            {
                stream.write_all(b" ").await?;
            }
            Ok(())
        }
        Reply::Flood(bytes) => {
            stream.write_all(&bytes).await?;
            loop {
                stream.write_all(&[b' '; 16 * 1024]).await?;
            }
        }
    }
}

/// Waits until the client has closed the connection.
async fn wait_for_close(stream: &mut TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}
