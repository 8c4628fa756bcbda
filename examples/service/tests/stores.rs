//! One instance on each backend: the first to ask has an article created, the next finds it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use dogpile_test_servers::{Flavour, Memcached, Process, Server};

struct Instance {
    process: Process,
    articles: String,
}

impl Instance {
    fn on(store: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dogpile-example-service"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--query-ms", "20"])
            .args(["--store", store])
            .stdout(Stdio::piped());
        let mut process = Process::start(command).expect("the example starts");
        let (_, said) = process.pipes();
        let mut said = BufReader::new(said.expect("a pipe")).lines();
        let first = said.next().expect("it says where").expect("a line");
        let address = first.strip_prefix("listening on ").expect("an address");
        let articles = format!("http://{address}/articles/7");
        // What it says after that is of its queries, and nobody may close its pipe.
        std::thread::spawn(move || said.count());
        Self { process, articles }
    }

    /// Whence the article comes.
    fn origin(&self) -> String {
        let mut answer = ureq::get(&self.articles).call().expect("an answer");
        let origin = answer.headers().get("x-origin").expect("its origin");
        let origin = origin.to_str().expect("text").to_owned();
        let article = answer.body_mut().read_to_string().expect("a body");
        assert_eq!(article, "Article 7\n");
        origin
    }

    fn delete(&self) {
        let answer = ureq::delete(&self.articles).call().expect("an answer");
        assert_eq!(answer.status(), 204);
    }

    fn end(mut self) {
        let ended = self.process.end().expect("it ends");
        assert!(ended.success(), "{ended}");
    }
}

fn serves(store: &str) {
    let instance = Instance::on(store);
    assert_eq!(instance.origin(), "Created", "{store}");
    assert_eq!(instance.origin(), "Hit", "{store}");
    instance.delete();
    assert_eq!(instance.origin(), "Created", "{store}");
    instance.end();
}

/// After an instance has ended.
fn next_instance_finds(store: &str) -> String {
    let instance = Instance::on(store);
    let origin = instance.origin();
    instance.end();
    origin
}

#[test]
fn the_service_runs_on_each_backend() {
    serves("memory");
    assert_eq!(next_instance_finds("memory"), "Created");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let file = format!("file:{}", path("file"));
    serves(&file);
    assert_eq!(next_instance_finds(&file), "Hit");
    serves(&format!("sled:{}", path("sled")));
    let server = Server::start(Flavour::Redis).expect("a server starts");
    serves(&server.url());
    assert_eq!(next_instance_finds(&server.url()), "Hit");
    let server = Memcached::start(&[]).expect("a server starts");
    serves(&server.url());
    assert_eq!(next_instance_finds(&server.url()), "Hit");
}

#[test]
fn a_store_of_another_name_is_refused_with_those_that_there_are() {
    let program = env!("CARGO_BIN_EXE_dogpile-example-service");
    let output = Command::new(program)
        .args(["serve", "--store", "disk"])
        .output();
    let output = output.expect("the example starts");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("memory, file:FOLDER, sled:FOLDER"), "{said}");
}
