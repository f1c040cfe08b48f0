//! Projects, their keys and their destinations.

use gostream::store::{
    Destination, DestinationId, Error, Json, Opaque, Page, ProjectId, Revision, Role, StreamKeyFields,
    StreamKeyId, Unique,
};

use crate::support::{Bench, NOW, at_once, destination, hash, key, later, project, user, webhook};

pub(crate) async fn a_change_of_what_somebody_else_changed_is_a_conflict(bench: Bench) {
    let store = bench.store().await;
    let seen = store.create_project(&project("one"), None, NOW).await.unwrap();
    let mut fields = seen.fields();
    fields.name = "renamed".to_owned();
    let changed = store.update_project(seen.id, seen.revision, &fields, later(1)).await.unwrap();
    assert_eq!((changed.revision, changed.updated_at, changed.created_at), (Revision(2), later(1), NOW));
    let conflict = Error::Conflict { expected: Revision(1), found: Revision(2) };
    assert_eq!(store.update_project(seen.id, seen.revision, &fields, NOW).await, Err(conflict.clone()));
    assert_eq!(store.delete_project(seen.id, Some(seen.revision)).await, Err(conflict));
    let gone = ProjectId::new(NOW);
    let none = Error::NotFound("project");
    assert_eq!(store.update_project(gone, Revision(1), &fields, NOW).await, Err(none.clone()));
    assert_eq!(store.project(gone).await, Err(none.clone()));
    assert_eq!(store.delete_project(gone, None).await, Err(none.clone()));
    assert_eq!(store.set_project_running(gone, false, NOW).await, Err(none));
    assert_eq!(store.delete_project(seen.id, Some(Revision(2))).await, Ok(()));
}

pub(crate) async fn of_many_changes_at_once_one_wins(bench: Bench) {
    let store = bench.store().await;
    let seen = store.create_project(&project("one"), None, NOW).await.unwrap();
    let outcomes = at_once(8, |number| {
        let (store, seen) = (store.clone(), seen.clone());
        async move {
            let mut fields = seen.fields();
            fields.name = number.to_string();
            store.update_project(seen.id, seen.revision, &fields, NOW).await
        }
    })
    .await;
    let won: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    let conflict = Error::Conflict { expected: Revision(1), found: Revision(2) };
    assert_eq!(outcomes.iter().filter(|outcome| outcome.as_ref().err() == Some(&conflict)).count(), 7);
    assert_eq!(store.project(seen.id).await.as_ref(), Ok(won[0]));
}

pub(crate) async fn a_playback_id_and_a_key_have_one_project(bench: Bench) {
    let store = bench.store().await;
    let one = store.create_project(&project("one"), Some(&key("secret")), NOW).await.unwrap();
    assert_eq!(
        store.create_project(&project("one"), None, NOW).await,
        Err(Error::Duplicate(Unique::PlaybackId))
    );
    let taken = Error::Duplicate(Unique::StreamKey);
    assert_eq!(store.create_project(&project("two"), Some(&key("secret")), NOW).await, Err(taken.clone()));
    assert_eq!(store.project_by_playback_id("play-two").await, Ok(None), "neither project nor key was made");
    assert_eq!(store.create_stream_key(one.id, &key("secret"), 9, NOW).await, Err(taken));
    assert_eq!(store.project_by_playback_id("play-one").await.unwrap().unwrap().id, one.id);
    let found = store.stream_key_by_lookup(&hash("secret").0).await.unwrap().unwrap();
    assert_eq!((found.project_id, found.name.as_str()), (one.id, "OBS"));
    assert_eq!(store.stream_key_by_lookup(&hash("other").0).await, Ok(None));
    let printed = format!("{found:?}");
    assert!(printed.contains("bytes)") && !printed.contains("secret"), "{printed}");
}

pub(crate) async fn a_project_takes_its_parts_along_and_an_owner_does_not(bench: Bench) {
    let store = bench.store().await;
    store.create_user(&user("root@example.org", Role::Admin), NOW).await.unwrap();
    let ada = store.create_user(&user("ada@example.org", Role::Operator), NOW).await.unwrap();
    let mut fields = project("one");
    fields.owner_id = Some(ada.id);
    let one = store.create_project(&fields, Some(&key("k")), NOW).await.unwrap();
    assert_eq!(store.projects_of(ada.id, Page::first(5)).await.unwrap().items, std::slice::from_ref(&one));
    let to = store.create_destination(one.id, &destination("d"), 20, NOW).await.unwrap();
    let hook = store.create_webhook(&webhook(Some(one.id)), NOW).await.unwrap();

    store.delete_user(ada.id, None).await.unwrap();
    let orphan = store.project(one.id).await.unwrap();
    assert_eq!((orphan.owner_id, &orphan.name), (None, &one.name));

    store.delete_project(one.id, None).await.unwrap();
    assert_eq!(store.stream_key_by_lookup(&hash("k").0).await, Ok(None));
    assert_eq!(store.destination(to.id).await, Err(Error::NotFound("destination")));
    assert_eq!(store.webhook(hook.id).await, Err(Error::NotFound("webhook")));
    assert_eq!(
        store.create_destination(one.id, &destination("d"), 20, NOW).await,
        Err(Error::NotFound("project"))
    );
    fields.owner_id = Some(ada.id);
    assert_eq!(store.create_project(&fields, None, NOW).await, Err(Error::NotFound("owner of the row")));
}

pub(crate) async fn a_replaced_key_goes_on_for_a_while(bench: Bench) {
    let store = bench.store().await;
    let one = store.create_project(&project("one"), Some(&key("old")), NOW).await.unwrap();
    let old = store.stream_key_by_lookup(&hash("old").0).await.unwrap().unwrap();
    let new = store.rotate_stream_key(old.id, old.revision, &key("new"), later(60), NOW).await.unwrap();
    let replaced = store.stream_key(old.id).await.unwrap();
    assert!(replaced.publishes(later(59)) && !replaced.publishes(later(60)) && new.publishes(later(60)));
    assert_eq!((new.project_id, new.revision), (one.id, Revision::FIRST));

    let conflict = Error::Conflict { expected: Revision(1), found: Revision(2) };
    let again = store.rotate_stream_key(old.id, old.revision, &key("third"), later(99), NOW).await;
    assert_eq!(again, Err(conflict));
    let taken = store.rotate_stream_key(old.id, replaced.revision, &key("new"), later(99), NOW).await;
    assert_eq!(taken, Err(Error::Duplicate(Unique::StreamKey)));
    assert_eq!(store.stream_key(old.id).await, Ok(replaced), "a refused rotation changes nothing");

    let fields = StreamKeyFields { name: "Larix".to_owned(), disabled: true, expires_at: None };
    let changed = store.update_stream_key(new.id, new.revision, &fields, NOW).await.unwrap();
    assert!(!changed.publishes(NOW) && changed.name == "Larix");
    store.touch_stream_key(new.id, later(5)).await.unwrap();
    let keys = store.stream_keys(one.id, Page::first(10)).await.unwrap();
    assert_eq!((keys.items.len(), keys.next), (2, None));
    assert_eq!(store.create_stream_key(one.id, &key("x"), 2, NOW).await, Err(Error::Full { at_most: 2 }));
    let stale = Error::Conflict { expected: Revision(1), found: Revision(2) };
    assert_eq!(store.delete_stream_key(new.id, Some(new.revision)).await, Err(stale));
    store.delete_stream_key(new.id, None).await.unwrap();
    assert_eq!(
        store.create_stream_key(one.id, &key("x"), 2, NOW).await.map(|key| key.key_hint),
        Ok("x".to_owned())
    );
    let none = Err(Error::NotFound("stream key"));
    assert_eq!(store.delete_stream_key(StreamKeyId::new(NOW), None).await, none);
}

pub(crate) async fn destinations_have_an_order_and_a_bound(bench: Bench) {
    let store = bench.store().await;
    let one = store.create_project(&project("one"), None, NOW).await.unwrap();
    let outcomes = at_once(8, |number| {
        let store = store.clone();
        async move { store.create_destination(one.id, &destination(&number.to_string()), 5, NOW).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(Error::Full { at_most: 5 })).count(), 3);

    let all = store.destinations(one.id, Page::first(20)).await.unwrap().items;
    assert_eq!(all.iter().map(|to| to.position).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let mut order: Vec<DestinationId> = all.iter().map(|to| to.id).collect();
    order.swap(0, 3);
    store.order_destinations(one.id, &order, later(1)).await.unwrap();
    let mut seen: Vec<Destination> = Vec::new();
    let mut page = Page::first(2);
    loop {
        let slice = store.destinations(one.id, page).await.unwrap();
        seen.extend(slice.items);
        let Some(next) = slice.next else { break };
        page = Page::after(next, 2);
    }
    assert_eq!(seen.iter().map(|to| to.id).collect::<Vec<_>>(), order);
    let revisions: Vec<i64> = seen.iter().map(|to| to.revision.0).collect();
    assert_eq!(revisions, [2, 1, 1, 2, 1], "who has not moved has not changed");

    let stranger = [order[1], DestinationId::new(NOW)];
    let refused = store.order_destinations(one.id, &stranger, NOW).await;
    assert_eq!(refused, Err(Error::NotFound("destination")));
    assert_eq!(store.destinations(one.id, Page::first(20)).await.unwrap().items, seen, "none has moved");
}

pub(crate) async fn a_wish_that_is_so_already_changes_nothing(bench: Bench) {
    let store = bench.store().await;
    let one = store.create_project(&project("one"), None, NOW).await.unwrap();
    assert_eq!(store.set_project_running(one.id, true, later(1)).await, Ok(one.clone()));
    let stopped = store.set_project_running(one.id, false, later(1)).await.unwrap();
    assert_eq!((stopped.running, stopped.revision, stopped.updated_at), (false, Revision(2), later(1)));
    let to = store.create_destination(one.id, &destination("d"), 20, NOW).await.unwrap();
    assert_eq!(store.set_destination_enabled(to.id, true, later(1)).await, Ok(to.clone()));
    let off = store.set_destination_enabled(to.id, false, later(1)).await.unwrap();
    assert_eq!((off.enabled, off.revision), (false, Revision(2)));
    let none = Err(Error::NotFound("destination"));
    assert_eq!(store.set_destination_enabled(DestinationId::new(NOW), true, NOW).await, none);
}

pub(crate) async fn all_fields_of_a_destination_come_back(bench: Bench) {
    let store = bench.store().await;
    let one = store.create_project(&project("one"), None, NOW).await.unwrap();
    let plain = destination("plain");
    let made = store.create_destination(one.id, &plain, 20, NOW).await.unwrap();
    assert_eq!(made.fields(), plain);

    let mut fields = plain;
    fields.platform = "custom".to_owned();
    fields.url = "rtmps://a.example:443/live2?backup=1".to_owned();
    fields.enabled = false;
    fields.insecure = true;
    fields.chunk_size = Some(65_536);
    fields.codecs = Some(Json(serde_json::json!(["avc", "hevc"])));
    fields.video_track = Some(1);
    fields.audio_track = Some(0);
    fields.limits = Some(Json(serde_json::json!({"video_kbps": 6000})));
    let changed = store.update_destination(made.id, made.revision, &fields, NOW).await.unwrap();
    assert_eq!(changed.fields(), fields);
    assert_eq!(store.destination(made.id).await, Ok(changed.clone()));
    fields.key = None;
    fields.codecs = None;
    let keyless = store.update_destination(made.id, changed.revision, &fields, NOW).await.unwrap();
    assert_eq!(keyless.fields(), fields);
    let conflict = Error::Conflict { expected: Revision(1), found: Revision(3) };
    assert_eq!(store.update_destination(made.id, made.revision, &fields, NOW).await, Err(conflict.clone()));
    assert_eq!(store.delete_destination(made.id, Some(made.revision)).await, Err(conflict));
    assert_eq!(store.delete_destination(made.id, Some(keyless.revision)).await, Ok(()));
}

pub(crate) async fn secrets_are_sealed_anew_unless_they_changed_meanwhile(bench: Bench) {
    let store = bench.store().await;
    store.add_server_key(1, &hash("one"), NOW).await.unwrap();
    store.add_server_key(2, &hash("two"), NOW).await.unwrap();
    assert_eq!(store.add_server_key(2, &hash("two"), NOW).await, Err(Error::Duplicate(Unique::Id)));
    let one = store.create_project(&project("one"), Some(&key("k")), NOW).await.unwrap();
    let to = store.create_destination(one.id, &destination("d"), 20, NOW).await.unwrap();
    let mut keyless = destination("keyless");
    keyless.key = None;
    store.create_destination(one.id, &keyless, 20, NOW).await.unwrap();

    let [old] = store.stream_keys_to_reseal(2, 10).await.unwrap().try_into().unwrap();
    let sealed = Opaque(b"sealed anew".to_vec());
    assert_eq!(store.reseal_stream_key(&old, &hash("k2"), &sealed, 2).await, Ok(true));
    assert_eq!(store.reseal_stream_key(&old, &hash("k3"), &sealed, 2).await, Ok(false), "it is done");
    let anew = store.stream_key_by_lookup(&hash("k2").0).await.unwrap().unwrap();
    assert_eq!((anew.key_sealed, anew.sealed_with, anew.revision), (sealed.clone(), 2, old.revision));
    assert_eq!(store.stream_keys_to_reseal(2, 10).await, Ok(Vec::new()));

    let seen = store.destinations_to_reseal(2, 10).await.unwrap();
    assert_eq!(seen, std::slice::from_ref(&to));
    store.update_destination(to.id, to.revision, &to.fields(), NOW).await.unwrap();
    assert_eq!(store.reseal_destination(&to, &sealed, 2).await, Ok(false), "somebody changed it meanwhile");
    let [again] = store.destinations_to_reseal(2, 10).await.unwrap().try_into().unwrap();
    assert_eq!(store.reseal_destination(&again, &sealed, 2).await, Ok(true));

    store.retire_server_key(1, later(1)).await.unwrap();
    store.retire_server_key(1, later(2)).await.unwrap();
    let keys = store.server_keys().await.unwrap();
    assert_eq!(
        keys.iter().map(|key| (key.id, key.retired_at)).collect::<Vec<_>>(),
        [(1, Some(later(1))), (2, None)]
    );
}
