//! Files, variables and flags in; values or exact words out.

use super::*;
use crate::media::{Codec, Codecs};
use crate::push::Platform;

fn sources(file: &str, env: &[(&str, &str)]) -> Sources {
    Sources {
        file: Some(("config.toml".into(), file.to_owned())),
        env: env.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect(),
        flags: Vec::new(),
    }
}

fn told(file: &str) -> String {
    load(&sources(file, &[])).expect_err("refused").to_string()
}

fn only_env(env: &[(&str, &str)]) -> Sources {
    Sources { file: None, ..sources("", env) }
}

#[test]
fn the_template_says_the_defaults_and_every_key() {
    let loaded = load(&sources(TEMPLATE, &[])).expect("valid");
    assert_eq!(loaded.config, Config::default());
    let shown = show(&loaded.config, Some(&loaded.origins));
    for line in shown.lines().filter(|line| line.contains(" = ")) {
        assert!(line.contains("# config.toml:"), "not in the template: {line}");
    }
    let no_file = load(&Sources::default()).expect("runs without a file").config;
    assert_eq!(no_file, Config::default());
}

#[test]
fn the_commented_project_of_the_template_is_valid() {
    let at = TEMPLATE.find("# [[project]]").expect("there");
    let lines = TEMPLATE[at..].lines().map(|line| line.strip_prefix("# ").unwrap_or_default());
    let file =
        lines.collect::<Vec<_>>().join("\n").replace(" long random ", "-").replace("your key there", "x");
    let file = file.replace("a-secret", "a-long-secret");
    let config = load(&sources(&file, &[])).expect("valid").config;
    assert_eq!(config.projects.len(), 1);
    assert_eq!(config.projects[0].destinations[0].slug(), "youtube");
    assert_eq!(config.projects[0].destinations[0].chunk_size, Some(65_536));
}

#[test]
fn a_destination_may_say_what_it_takes_and_which_tracks() {
    let project = "[[project]]\nname = \"a\"\nstream_key = \"k-1\"\nplayback_id = \"a\"\n";
    let head =
        format!("{project}[[project.destination]]\nname = \"b\"\nurl = \"rtmp://h/a\"\nstream_key = \"k\"\n");
    let more = "platform = \"twitch\"\ncodecs = [\"hevc\", \"aac\"]\nvideo_track = 2\n";
    let config = load(&sources(&format!("{head}{more}"), &[])).expect("valid").config;
    let destination = &config.projects[0].destinations[0];
    assert_eq!(destination.platform, Some(Platform::Twitch));
    assert_eq!(destination.codecs, Some(Codecs::only(&[Codec::H265, Codec::Aac])));
    assert_eq!((destination.video_track, destination.audio_track), (Some(2), None));
    let shown = show(&config, None);
    for line in more.lines() {
        assert!(shown.contains(line), "{shown}");
    }
    let variable = ("GOSTREAM_PROJECT__0__DESTINATION__0__CODECS", "av1, opus");
    let config = load(&sources(&head, &[variable])).expect("valid").config;
    assert_eq!(config.projects[0].destinations[0].codecs, Some(Codecs::only(&[Codec::Av1, Codec::Opus])));
    for (wrong, why) in [
        ("codecs = [\"h265\"]", "\"h265\" is none of h264, hevc, av1"),
        ("codecs = []", "this is empty"),
        ("codecs = \"h264\"", "this is a string"),
        ("platform = \"vimeo\"", "\"vimeo\" is neither"),
        ("audio_track = 256", "256 is above 255"),
    ] {
        let said = told(&format!("{head}{wrong}\n"));
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_number_out_of_range_points_to_itself() {
    assert_eq!(
        told("# a comment\n[rtmp]\nchunk_size = 12\n"),
        "\
error: rtmp.chunk_size must be 128 to 65536
 --> config.toml:3:14
  |
3 | chunk_size = 12
  |              ^^ 12 is below 128
  |
  = help: leave it out to use 65536"
    );
}

#[test]
fn everything_wrong_is_told_at_once_in_the_order_of_the_file() {
    let file = "\
data_dir = 3
[rtmp]
listen = \"1935\"
chunk_sise = 4096
max_connections = \"many\"
stall_timeout = \"10\"
message_max = 10
on_duplicate = \"fight\"
[hls]
enabled = \"yes\"
[[project]]
name = \"x\"
playback_id = \"a/b\"
";
    let env = [
        ("GOSTREAM_LOG__FORMAT", "xml"),
        ("GOSTREAM_RTMP__LISTN", ":1"),
        ("GOSTREAM_SERVICE_HOST", "10.0.0.1"),
    ];
    let errors = load(&sources(file, &env)).expect_err("refused");
    let titles: Vec<_> =
        errors.to_string().lines().filter(|line| line.starts_with("error")).map(str::to_owned).collect();
    assert_eq!(
        titles,
        [
            "error: data_dir must be a path",
            "error: rtmp.listen must be an address such as \"127.0.0.1:8080\", or \":8080\" for all interfaces",
            "error: there is no key rtmp.chunk_sise",
            "error: rtmp.max_connections must be an integer",
            "error: rtmp.stall_timeout must be a duration with a unit",
            "error: rtmp.message_max must be a size with a unit",
            "error: rtmp.on_duplicate must be \"takeover\" or \"reject\"",
            "error: hls.enabled must be true or false",
            "error: project.stream_key is missing",
            "error: project.playback_id must be 1 to 64 letters, digits, '-' or '_'",
            "error: log.format must be \"text\" or \"json\"",
            "error: the environment variable GOSTREAM_RTMP__LISTN sets nothing",
        ]
    );
    assert_eq!(errors.count(), 12);
}

#[test]
fn an_unknown_key_names_its_neighbour() {
    assert_eq!(
        told("[rtmp]\nlisen = \":1\"\n"),
        "\
error: there is no key rtmp.lisen
 --> config.toml:2:1
  |
2 | lisen = ****
  | ^^^^^ unknown in [rtmp]
  |
  = help: did you mean listen?"
    );
}

#[test]
fn a_missing_key_points_to_its_table() {
    assert_eq!(
        told("[[project]]\nname = \"x\"\nstream_key = \"k\"\n"),
        "\
error: project.playback_id is missing
 --> config.toml:1:1
  |
1 | [[project]]
  | ^^^^^^^^^^^ this has no playback_id"
    );
}

#[test]
fn a_variable_that_is_wrong_is_named() {
    let errors = load(&only_env(&[("GOSTREAM_RTMP__CHUNK_SIZE", "12"), ("GOSTREAM_HTTP_LISTEN", ":1")]));
    assert_eq!(
        errors.expect_err("refused").to_string(),
        "\
error: rtmp.chunk_size must be 128 to 65536
 |
 = note: GOSTREAM_RTMP__CHUNK_SIZE: 12 is below 128
 = help: unset it to use 65536

error: the environment variable GOSTREAM_HTTP_LISTEN sets nothing
 |
 = help: did you mean GOSTREAM_HTTP__LISTEN?"
    );
}

#[test]
fn flags_beat_variables_which_beat_the_file_which_beats_defaults() {
    let mut sources =
        sources("[log]\nlevel = \"warn\"\n[hls]\nwindow = 7\n", &[("GOSTREAM_LOG__LEVEL", "debug")]);
    let loaded = load(&sources).expect("valid");
    assert_eq!((loaded.config.log.level.as_str(), loaded.config.hls.window), ("debug", 7));
    assert_eq!(loaded.origins.of("hls.window").to_string(), "config.toml:4");
    assert_eq!(loaded.origins.of("log.level").to_string(), "GOSTREAM_LOG__LEVEL");
    assert_eq!(loaded.origins.of("hls.part"), &Origin::Default);
    sources.flags.push(Flag { key: "log.level", name: "--log-level", value: "trace".to_owned() });
    let loaded = load(&sources).expect("valid");
    assert_eq!(loaded.config.log.level, "trace");
    assert_eq!(loaded.origins.of("log.level"), &Origin::Flag("--log-level"));
}

#[test]
fn what_is_no_toml_is_told_alone_and_shows_no_secret() {
    let file = "[rtmp\nlisten = \":1\"\n[[project]]\nstream_key = opensesame\nname = \"x\n";
    let told = told(file);
    assert!(told.contains("config.toml:1:6"), "{told}");
    assert!(told.contains("config.toml:4:"), "{told}");
    assert!(!told.contains("sesame"), "{told}");
    assert!(!told.contains("unknown"), "{told}");
}

#[test]
fn a_file_that_is_no_configuration_is_named_for_what_it_is() {
    let no_keys = told;
    let told = |bytes: &[u8]| match file::text("c.toml".as_ref(), bytes.to_vec()) {
        Ok(_) => "fine".to_owned(),
        Err(errors) => errors.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    assert_eq!(told(b""), "error: c.toml is empty");
    assert_eq!(told(b" \n\t\n"), "error: c.toml is empty");
    assert_eq!(told(b"\x7fELF\x00\x01"), "error: c.toml is a binary file, not a configuration");
    assert_eq!(told(b"\xff\xfeh\x00"), "error: c.toml is UTF-16 text");
    assert_eq!(told(b"\xef\xbb\xbf[rtmp]\n"), "fine");
    assert_eq!(no_keys("# nothing\n"), "error: there are no keys in config.toml");
    let missing = find(Some("/nonexistent/config.toml".as_ref())).expect_err("refused").to_string();
    assert!(missing.starts_with("error: there is no file /nonexistent/config.toml"), "{missing}");
}

const PROJECT: &str = "[[project]]\nname = \"a\"\nstream_key = \"opensesame\"\nplayback_id = \"one\"\n";

#[test]
fn two_projects_share_neither_key_nor_name() {
    let told = told(&format!("{PROJECT}{PROJECT}"));
    assert_eq!(
        told,
        "\
error: project.stream_key must differ from every other project's
 --> config.toml:7:14
  |
3 | stream_key = ************
  |              ------------ first here
...
7 | stream_key = ************
  |              ^^^^^^^^^^^^ this one is taken

error: project.playback_id must differ from every other project's
 --> config.toml:8:15
  |
4 | playback_id = \"one\"
  |               ----- first here
...
8 | playback_id = \"one\"
  |               ^^^^^ this one is taken"
    );
}

#[test]
fn a_public_name_is_no_key() {
    let told = told(&PROJECT.replace("opensesame", "one"));
    assert!(told.starts_with("error: project.stream_key must not be a playback id"), "{told}");
}

#[test]
fn no_error_shows_a_secret() {
    let key = "opensesame";
    let files = [
        format!("[[project]]\nname = 1\nstream_key = \"{key}/x\"\nplayback_id = \"p\"\n"),
        format!("[[project]]\nstream_kye = \"{key}\"\n"),
        format!("[[project]]\nstream_key = [\"{key}\"]\n"),
        format!("[[project]]\nname = {{ stream_key = \"{key}\" }}\n"),
        format!("project = [{{ nmae = \"x\", stream_key = \"{key}\", playback_id = \"/\" }}]\n"),
        format!("project = \"{key}\"\n"),
        format!("[rtmp]\nstream_key = \"{key}\"\n"),
        format!("[[project]]\nstream_key = \"{key}\"\nstream_key = \"{key}\"\n"),
        format!("[[project]]\nstream_key = \"\"\"\n{key}\n"),
        format!("[[project]]\nstream_key =\n\"{key}\"\n"),
        format!("[[project]]\nstream_key \"{key}\"\n"),
        format!("[[project]]\nstream_key = '{key}\n"),
        format!("{PROJECT}[[project.destination]]\nname = \"d\"\nurl = \"http://h/app/{key}\"\n"),
        format!("{PROJECT}[[project.destination]]\nname = \"d\"\nurl = \"h/app/{key}\"\n"),
        format!("{PROJECT}[[project.destination]]\nname = \"d\"\nurl = \"rtmp://:0/app/\\u0061{key}\"\n"),
        format!("{PROJECT}[[project.destination]]\nname = \"d\"\nurl = rtmp://h/app/{key}\n"),
    ];
    for file in files {
        let told = told(&file);
        assert!(!told.contains("sesame"), "{file}\n{told}");
    }
    let env = [
        ("GOSTREAM_PROJECT__0__STREAM_KEY", "open sesame"),
        ("GOSTREAM_PROJECT__0__STREAM_KYE", "opensesame"),
        ("GOSTREAM_PROJECT__0__DESTINATION__0__URL", "x://h/app/opensesame"),
    ];
    let told = load(&only_env(&env)).expect_err("refused").to_string();
    assert!(told.contains("GOSTREAM_PROJECT__0__STREAM_KEY:") && !told.contains("sesame"), "{told}");
}

#[test]
fn showing_masks_every_secret() {
    let file = format!(
        "{PROJECT}[[project.destination]]\nname = \"D\"\nurl = \"rtmp://h/app/sesame?t=sesame\"\nstream_key = \"sesame2\"\n"
    );
    let loaded = load(&sources(&file, &[("GOSTREAM_PROJECT__0__STREAM_KEY", "sesame3")])).expect("valid");
    let shown = show(&loaded.config, Some(&loaded.origins));
    assert!(!shown.contains("sesame"), "{shown}");
    assert!(!format!("{loaded:?}").contains("sesame"));
    let tail = shown.split_once("[[project]]").expect("projects").1;
    let squeezed: Vec<_> =
        tail.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        squeezed,
        [
            "",
            "name = \"a\" # config.toml:2",
            "stream_key = \"***\" # GOSTREAM_PROJECT__0__STREAM_KEY",
            "playback_id = \"one\" # config.toml:4",
            "",
            "[[project.destination]]",
            "name = \"D\" # config.toml:6",
            "url = \"rtmp://h/app/***\" # config.toml:7",
            "stream_key = \"***\" # config.toml:8",
            "enabled = true # default",
            "insecure = false # default",
        ]
    );
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("key");
    std::fs::write(&path, "opensesame\n").expect("written");
    let path = path.to_str().expect("UTF-8");
    let by_key = PROJECT.replace("stream_key = \"opensesame\"", &format!("stream_key_file = {path:?}"));
    let config = load(&sources(&by_key, &[])).expect("valid").config;
    assert!(config.projects[0].stream_key.matches("opensesame"));
    let by_env = only_env(&[
        ("GOSTREAM_PROJECT__0__NAME", "a"),
        ("GOSTREAM_PROJECT__0__PLAYBACK_ID", "one"),
        ("GOSTREAM_PROJECT__0__STREAM_KEY_FILE", path),
    ]);
    let config = load(&by_env).expect("valid").config;
    assert!(config.projects[0].stream_key.matches("opensesame"));
    let twice = format!("{PROJECT}stream_key_file = {path:?}\n");
    assert!(told(&twice).starts_with("error: project.stream_key and stream_key_file exclude each other"));
    let gone = PROJECT.replace("stream_key = \"opensesame\"", "stream_key_file = \"/nonexistent\"");
    assert!(told(&gone).contains("cannot read it: No such file"), "{}", told(&gone));
}

#[test]
fn rules_between_keys_point_to_the_key_that_was_set() {
    let told_conflict = told("[rtmps]\nlisten = \":443\"\n[tls]\ncert = \"a.pem\"\n");
    assert!(told_conflict.starts_with("error: rtmps.listen needs tls.key"), "{told_conflict}");
    assert!(told_conflict.contains("config.toml:2:10"), "{told_conflict}");
    assert!(told("[rtmp]\nlisten = \"\"\n").starts_with("error: rtmp.listen may be off only where"));
    assert!(told("[http]\nlisten = \"\"\n").contains("this listener cannot be off"));
    assert!(told("[relay]\nretry_min = \"1m\"\n").starts_with("error: relay.retry_max must not be below"));
    let told_twin = told(&format!(
        "{PROJECT}[[project.destination]]\nname = \"A b\"\nurl = \"rtmp://h/a\"\n[[project.destination]]\nname = \"a-B\"\nurl = \"rtmp://h/b\"\n"
    ));
    assert!(told_twin.contains("this is \"a-b\" again"), "{told_twin}");
}

#[test]
fn values_are_read_as_they_are_printed() {
    let shown = show(&Config::default(), None);
    let loaded = load(&sources(&shown, &[])).expect("valid");
    assert_eq!(loaded.config, Config::default());
}

#[test]
fn urls_say_what_is_wrong_with_them() {
    let label = |url: &str| {
        let file = format!("{PROJECT}[[project.destination]]\nname = \"d\"\nurl = \"{url}\"\n");
        match load(&sources(&file, &[])) {
            Ok(_) => "fine".to_owned(),
            Err(errors) => errors
                .to_string()
                .lines()
                .find_map(|line| Some(line.split_once("^ ")?.1.to_owned()))
                .unwrap_or_default(),
        }
    };
    for (url, why) in [
        ("rtmp://h/app/key", "fine"),
        ("rtmps://h:443/app/instance", "fine"),
        ("rtmp://[::1]:1935/app/key", "fine"),
        ("rtmp://h/app", "there is no key in it"),
        ("rtmp://me:secret@h/app/key", "the address must not hold a user name or password"),
        ("srt://h/app", "the address must begin with rtmp:// or rtmps://"),
        ("rtmp:///app", "the address has no host"),
        ("rtmp://h:99999/app", "the port must be 1 to 65535"),
        ("rtmp://h/", "there is no application after the host"),
        ("rtmp://[::1/app", "the address has no host"),
        ("rtmp://h/a b", "the address or stream key holds a space or control character"),
        ("rtmps://fa7.global-contribute.live-video.net/app/key", "fine"),
        // Its application goes without saying, as the relay knows.
        ("rtmps://fa7.global-contribute.live-video.net", "there is no key in it"),
        ("rtmps://fa7.global-contribute.live-video.net\"\nstream_key = \"sk_1", "fine"),
    ] {
        assert_eq!(label(url), why, "{url}");
    }
}

#[test]
fn log_filters_are_checked() {
    let level = |level: &str| {
        load(&only_env(&[("GOSTREAM_LOG__LEVEL", level)])).map(|loaded| loaded.config.log.level)
    };
    assert_eq!(level("info,gostream::rtmp=debug").as_deref().ok(), Some("info,gostream::rtmp=debug"));
    assert!(level("loud").is_err());
    assert!(level("").is_err());
}

#[test]
fn durations_and_sizes_are_whole_numbers_with_a_unit() {
    let label = |key: &str, value: &str| {
        let told = told(&format!("[relay]\n{key} = {value}\n"));
        told.lines().find_map(|line| Some(line.split_once("^ ")?.1.to_owned())).unwrap_or_default()
    };
    for (key, value, why) in [
        ("queue", "10", "10 has no unit: write \"10s\""),
        ("queue", "\"10\"", "10 has no unit: write \"10s\""),
        ("queue", "\"1.5s\"", "\"1.5s\" is no whole number and unit; the units are ms, s, m, h, d"),
        ("queue", "\"-1s\"", "\"-1s\" is no whole number and unit; the units are ms, s, m, h, d"),
        ("queue", "\"4 s\"", "\" s\" is no unit; the units are ms, s, m, h, d"),
        ("queue", "\"99999999999999999999d\"", "this is too much"),
        ("queue", "4.0", "this is a float"),
        ("send_buffer", "\"64\"", "64 has no unit: write \"64KiB\""),
        ("send_buffer", "\"64kb\"", "\"kb\" is no unit; the units are B, kB, KiB, MB, MiB, GiB"),
        ("send_buffer", "\"1GiB\"", "1GiB is above 16MiB"),
    ] {
        assert_eq!(label(key, value), why, "{key} = {value}");
    }
}

#[test]
fn a_publisher_s_password_has_a_user_and_is_shown_to_nobody() {
    let both = "[rtmp]\npublish_user = \"studio\"\npublish_password = \"opensesame\"\n";
    let loaded = load(&sources(both, &[])).expect("valid");
    assert_eq!(loaded.config.rtmp.publish_password.expose(), "opensesame");
    let shown = show(&loaded.config, Some(&loaded.origins));
    assert!(shown.contains("publish_password = \"***\"") && !shown.contains("sesame"), "{shown}");
    assert!(!format!("{loaded:?}").contains("sesame"));
    assert_eq!(
        told("[rtmp]\npublish_user = \"studio\"\n"),
        "\
error: rtmp.publish_user needs rtmp.publish_password
 --> config.toml:2:16
  |
2 | publish_user = \"studio\"
  |                ^^^^^^^^ rtmp.publish_password is empty"
    );
    let lonely = told("[rtmp]\npublish_password = \"opensesame\"\n");
    assert!(lonely.starts_with("error: rtmp.publish_password needs rtmp.publish_user"), "{lonely}");
    let long = told(&both.replace("sesame", &"sesame".repeat(10)));
    assert!(long.starts_with("error: rtmp.publish_password must be at most 49 bytes"), "{long}");
    let odd = told(&both.replace("studio", "st&udio"));
    assert!(odd.starts_with("error: rtmp.publish_user must be at most 49 letters"), "{odd}");
    for told in [lonely, long, odd] {
        assert!(!told.contains("sesame"), "{told}");
    }
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("password");
    std::fs::write(&path, "opensesame\n").expect("written");
    let path = path.to_str().expect("UTF-8");
    let env = [("GOSTREAM_RTMP__PUBLISH_USER", "studio"), ("GOSTREAM_RTMP__PUBLISH_PASSWORD_FILE", path)];
    let rtmp = load(&only_env(&env)).expect("valid").config.rtmp;
    assert_eq!((rtmp.publish_user.as_str(), rtmp.publish_password.expose()), ("studio", "opensesame"));
}

#[test]
fn server_keys_come_from_the_file_a_list_or_files_of_their_own() {
    let keys = ["ab".repeat(32), "cd".repeat(32), "ef".repeat(32)];
    let dir = tempfile::tempdir().expect("a directory");
    let older = dir.path().join("older");
    std::fs::write(&older, format!("{}\n{}\n\n", keys[1], keys[2])).expect("written");
    let older = older.to_str().expect("UTF-8");
    let file = format!("[vault]\nkey = \"{}\"\nolder_keys = [\"{}\", \"{}\"]\n", keys[0], keys[1], keys[2]);
    let by_file = format!("[vault]\nkey = \"{}\"\nolder_keys_file = {older:?}\n", keys[0]);
    let listed = format!("{}, {}", keys[1], keys[2]);
    for read in [
        load(&sources(&file, &[])),
        load(&sources(&by_file, &[])),
        load(&only_env(&[("GOSTREAM_VAULT__KEY", &keys[0]), ("GOSTREAM_VAULT__OLDER_KEYS", &listed)])),
        load(&only_env(&[("GOSTREAM_VAULT__KEY", &keys[0]), ("GOSTREAM_VAULT__OLDER_KEYS_FILE", older)])),
    ] {
        let loaded = read.expect("valid");
        let vault = &loaded.config.vault;
        let read: Vec<_> =
            [&vault.key].into_iter().chain(&vault.older_keys).map(|key| key.expose()).collect();
        assert_eq!(read, keys);
        let shown = show(&loaded.config, Some(&loaded.origins));
        assert!(
            shown.contains("key = \"***\"") && shown.contains("older_keys = [\"***\", \"***\"]"),
            "{shown}"
        );
        assert!(!keys.iter().any(|key| shown.contains(key)), "{shown}");
    }
    for (wrong, why) in [
        ("[vault]\nkey = \"hunter2\"\n", "vault.key must be 32 bytes"),
        ("[vault]\nolder_keys = [\"hunter2\"]\n", "vault.older_keys must be 32 bytes"),
        ("[vault]\nolder_keys = \"hunter2\"\n", "must be a list of strings"),
        ("[vault]\nolder_keys = [\"hunter2\", 7]\n", "must be a string"),
        ("[vault]\nolder_keys = [\"x\"]\nolder_keys_file = \"y\"\n", "exclude each other"),
    ] {
        let said = told(wrong);
        assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn sign_in_elsewhere_is_off_or_whole() {
    let file = "[auth]\nsession_ttl = \"12h\"\nsignup = true\n[auth.oidc]\nissuer = \"https://accounts.google.com\"\n\
                client_id = \"a.apps.example\"\nclient_secret = \"hunter2\"\ncreate = \"viewer\"\n";
    let config = load(&sources(file, &[("GOSTREAM_AUTH__OIDC__NAME", "Google")])).expect("valid").config;
    let oidc = &config.auth.oidc;
    assert_eq!((oidc.name.as_str(), oidc.create, oidc.link_by_email), ("Google", OidcCreate::Viewer, false));
    assert_eq!((config.auth.session_ttl, config.auth.signup), (Duration::from_secs(12 * 60 * 60), true));
    assert!(show(&config, None).contains("client_secret = \"***\""));
    for (wrong, why) in [
        ("issuer = \"accounts.google.com\"\nclient_id = \"a\"", "does not begin with https:"),
        ("issuer = \"http://id.example\"\nclient_id = \"a\"", "does not begin with https:"),
        ("issuer = \"https://id.example\"", "needs auth.oidc.client_id"),
        ("client_id = \"a\"", "needs auth.oidc.issuer"),
        ("create = \"admin\"", "\"admin\" is neither"),
    ] {
        let said = told(&format!("[auth.oidc]\n{wrong}\n"));
        assert!(said.contains(why), "{said}");
    }
}
