//! A server key is replaced: what the old one sealed is found, opened and sealed anew.

use gostream::account::{Error, Resealed, missing_server_keys, reseal};
use gostream::store::{Opaque, Page, SealedKey, Store};
use gostream::vault::{Purpose, ServerKey, Vault};

use crate::support::{Bench, NOW, destination, key, later, project, webhook};

fn server_key(byte: &str) -> ServerKey {
    ServerKey::parse(&byte.repeat(32)).unwrap()
}

/// 250 projects with a key, a destination and a webhook each: more than one query takes.
async fn fill(store: &Store, vault: &Vault) {
    let sealed = |purpose, secret: &str| {
        let sealed = vault.seal(purpose, secret).unwrap();
        SealedKey { sealed: Opaque(sealed.bytes), hint: "cafe".to_owned(), sealed_with: sealed.key_id }
    };
    for number in 0..250 {
        let secret = format!("secret {number}");
        let mut first = key(&secret);
        let one = sealed(Purpose::StreamKey, &secret);
        first.lookup = Opaque(vault.lookup(&secret).to_vec());
        (first.sealed, first.sealed_with) = (one.sealed, one.sealed_with);
        let project = store.create_project(&project(&number.to_string()), Some(&first), NOW).await.unwrap();
        let mut to = destination("d");
        to.key = Some(sealed(Purpose::DestinationKey, &secret));
        store.create_destination(project.id, &to, 20, NOW).await.unwrap();
        to.key = None;
        store.create_destination(project.id, &to, 20, NOW).await.unwrap();
        let mut hook = webhook(Some(project.id));
        hook.secret = sealed(Purpose::WebhookSecret, &secret);
        store.create_webhook(&hook, NOW).await.unwrap();
    }
}

pub(crate) async fn what_an_old_server_key_sealed_is_sealed_anew_once(bench: Bench) {
    let store = bench.store().await;
    let old = Vault::new(server_key("11"), Vec::new());
    assert_eq!(reseal(&store, &old, NOW).await.unwrap(), Resealed::default());
    fill(&store, &old).await;
    let both = Vault::new(server_key("22"), vec![server_key("11")]);
    assert_eq!(missing_server_keys(&store, &both).await.unwrap(), Vec::<i64>::new());
    // Two nodes that start together share the work.
    let (one, two) = tokio::join!(reseal(&store, &both, later(1)), reseal(&store, &both, later(1)));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.unreadable, two.unreadable), (0, 0));
    assert_eq!(one.stream_keys + two.stream_keys, 250);
    assert_eq!(one.destinations + two.destinations, 250);
    assert_eq!(one.webhooks + two.webhooks, 250);
    let retired: Vec<_> =
        store.server_keys().await.unwrap().into_iter().filter(|key| key.retired_at.is_some()).collect();
    assert_eq!(retired.iter().map(|key| key.id).collect::<Vec<_>>(), [old.key_id()]);

    // The old key can go.
    let new = Vault::new(server_key("22"), Vec::new());
    assert_eq!(reseal(&store, &new, later(2)).await.unwrap(), Resealed::default());
    assert_eq!(missing_server_keys(&store, &new).await.unwrap(), Vec::<i64>::new());
    for number in [0, 123, 249] {
        let secret = format!("secret {number}");
        let row =
            store.stream_key_by_lookup(&new.lookup(&secret)).await.unwrap().expect("found by the new key");
        let opened = new.open(Purpose::StreamKey, &row.key_sealed.0, row.sealed_with).unwrap();
        assert_eq!(*opened, secret);
        let to = store.destinations(row.project_id, Page::first(10)).await.unwrap().items.remove(0);
        let opened = new.open(Purpose::DestinationKey, &to.key_sealed.unwrap().0, new.key_id()).unwrap();
        assert_eq!(*opened, secret);
    }
}

pub(crate) async fn what_cannot_be_read_stays_and_is_said(bench: Bench) {
    let store = bench.store().await;
    let old = Vault::new(server_key("11"), Vec::new());
    reseal(&store, &old, NOW).await.unwrap();
    fill(&store, &old).await;
    let stranger = Vault::new(server_key("33"), Vec::new());
    assert_eq!(missing_server_keys(&store, &stranger).await.unwrap(), [old.key_id()]);
    let resealed = reseal(&store, &stranger, later(1)).await.unwrap();
    assert_eq!(resealed, Resealed { unreadable: 750, ..Resealed::default() });
    assert_eq!(missing_server_keys(&store, &stranger).await.unwrap(), [old.key_id()], "it is not retired");
    let both = Vault::new(server_key("33"), vec![server_key("11")]);
    let resealed = reseal(&store, &both, later(2)).await.unwrap();
    assert_eq!((resealed.stream_keys, resealed.unreadable), (250, 0), "with its key, all is well again");

    bench.raw().await.run("UPDATE server_keys SET check_value = key_sealed FROM stream_keys").await;
    assert!(matches!(reseal(&store, &both, later(3)).await, Err(Error::WrongServerKey)));
}
