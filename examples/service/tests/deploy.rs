//! The example does what its README says: a deploy that no client notices, and one query an article.

use std::process::Command;

#[test]
fn a_load_of_nothing_is_refused() {
    for option in ["--clients", "--articles"] {
        let program = env!("CARGO_BIN_EXE_dogpile-example-service");
        let output = Command::new(program).args(["deploy", option, "0"]).output();
        let output = output.expect("the example starts");
        assert_eq!(output.status.code(), Some(2), "{option}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(option));
    }
}

#[test]
fn a_deploy_under_load_fails_nobody_and_queries_once() {
    for store in ["redis", "memcached", "file"] {
        deploys(store);
    }
}

fn deploys(store: &str) {
    let program = env!("CARGO_BIN_EXE_dogpile-example-service");
    let deploy = [
        "deploy",
        "--json",
        "--clients",
        "8",
        "--articles",
        "5",
        "--query-ms",
        "50",
        "--store",
        store,
    ];
    let output = Command::new(program).args(deploy).output();
    let output = output.expect("the example starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let told: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|error| {
        panic!("{error}: {said}{}", String::from_utf8_lossy(&output.stderr))
    });
    assert_eq!(told["failed"], 0, "{store}: {told}");
    assert_eq!(
        told["queries"], 5,
        "one an article, by four instances: {told}"
    );
    assert_eq!(told["holds"], true, "{told}");
    assert!(output.status.success());
}
