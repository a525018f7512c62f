//! `deploy/Dockerfile`, as far as text tells whether it would build.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::support::repository;

/// An instruction, its continued lines joined.
struct Instruction {
    name: String,
    rest: String,
}

fn text(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

/// The stages of the image, each beginning with its FROM.
fn stages() -> Vec<Vec<Instruction>> {
    let text = text("deploy/Dockerfile");
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let mut stages: Vec<Vec<Instruction>> = vec![];
    for line in lines.join("\n").replace("\\\n", " ").lines().filter(|line| !line.trim().is_empty()) {
        let (name, rest) = line.split_once(' ').unwrap();
        let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        if name == "FROM" {
            stages.push(vec![]);
        }
        stages.last_mut().unwrap().push(Instruction { name: name.to_owned(), rest });
    }
    stages
}

fn all<'a>(stage: &'a [Instruction], name: &str) -> Vec<&'a str> {
    stage.iter().filter(|one| one.name == name).map(|one| one.rest.as_str()).collect()
}

/// The variables that the image itself sets.
pub(crate) fn environment() -> super::compose::Variables {
    let stages = stages();
    let pairs = all(stages.last().unwrap(), "ENV").into_iter().flat_map(|line| line.split(' '));
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What a stage copies from the repository, as it is written.
fn copied(stage: &[Instruction]) -> BTreeSet<String> {
    let ours = all(stage, "COPY").into_iter().filter(|line| !line.contains("--from="));
    // The last one is the target.
    ours.flat_map(|line| line.split(' ').rev().skip(1).map(str::to_owned)).collect()
}

#[test]
fn the_image_is_built_in_stages_with_the_pinned_rust_and_without_the_embedded_store() {
    // proves OPS-4
    let stages = stages();
    let [builder, image] = stages.as_slice() else { panic!("two stages") };
    let toolchain = text("rust-toolchain.toml");
    let version =
        toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    assert_eq!(builder[0].rest, format!("rust:{version}-bookworm AS builder"));
    assert_eq!(all(builder, "ENV"), ["SQLX_OFFLINE=true"]);
    let build = all(builder, "RUN").join(" ");
    for word in ["--locked", "--profile dist", "--no-default-features", "--package cli", "type=cache"] {
        assert!(build.contains(word), "{word} is missing: {build}");
    }
    assert!(
        image[0].rest.starts_with("gcr.io/distroless/cc-debian12:"),
        "the same Debian: {}",
        image[0].rest
    );
    assert!(all(image, "RUN").is_empty(), "there is no shell");
}

#[test]
fn the_image_runs_as_nobody_in_particular_and_is_watched() {
    // proves OPS-4
    let stages = stages();
    let image = stages.last().unwrap();
    let [user] = all(image, "USER")[..] else { panic!("one user") };
    let (user, group) = user.split_once(':').unwrap();
    assert!(user.parse::<u32>().unwrap() > 0 && group.parse::<u32>().unwrap() > 0);
    let [data] = all(image, "WORKDIR")[..] else { panic!("one folder") };
    assert_eq!(environment()["DOORWARD_DATA"], data);
    assert!(
        all(image, "COPY")
            .contains(&format!("--from=builder --chown={user}:{group} /out/data {data}").as_str())
    );
    assert!(all(image, "HEALTHCHECK")[0].ends_with(r#"CMD ["doorward", "health"]"#));
    assert_eq!(all(image, "STOPSIGNAL"), ["SIGTERM"]);
    assert_eq!(all(image, "ENTRYPOINT"), [r#"["doorward"]"#]);
    assert_eq!(all(image, "CMD"), [r#"["serve"]"#]);
}

#[test]
fn the_build_gets_what_it_copies_and_nothing_else() {
    // proves OPS-4
    let ignored = text(".dockerignore");
    let lines: Vec<&str> = ignored.lines().filter(|line| !line.starts_with('#')).collect();
    let ["*", kept @ ..] = lines.as_slice() else { panic!("everything stays out but what is named") };
    let kept: BTreeSet<String> = kept.iter().map(|line| line.strip_prefix('!').unwrap().to_owned()).collect();
    assert_eq!(kept, stages().iter().flat_map(|stage| copied(stage)).collect());
    for source in &kept {
        assert!(repository().join(source).exists(), "{source}");
    }
}

#[test]
fn cargo_finds_every_crate_in_what_the_build_copies() {
    // proves OPS-4
    let folder = tempfile::tempdir().unwrap();
    for source in copied(&stages()[0]) {
        std::os::unix::fs::symlink(repository().join(&source), folder.path().join(&source)).unwrap();
    }
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--locked", "--offline", "--no-deps", "--format-version=1"]);
    let output = command.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
