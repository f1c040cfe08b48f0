//! Whose doing it is: who asks is named once, and what is noted until their request is answered says so.

use std::sync::Arc;

use serde_json::Value;

tokio::task_local! {
    static ACTOR: Arc<str>;
}

/// Does something in somebody's name, if anybody's.
pub async fn acting<F: Future>(name: Option<Arc<str>>, what: F) -> F::Output {
    match name {
        Some(name) => ACTOR.scope(name, what).await,
        None => what.await,
    }
}

/// In whose name this is done. A task that goes on by itself has to be told.
#[must_use]
pub fn actor() -> Option<Arc<str>> {
    ACTOR.try_with(Arc::clone).ok()
}

/// Adds the name, where there is one and nothing else is said of it.
pub(super) fn signed(mut data: Value) -> Value {
    if let (Some(name), Some(fields)) = (actor(), data.as_object_mut()) {
        fields.entry("by").or_insert_with(|| Value::from(&*name));
    }
    data
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_somebody_does_has_their_name() {
        assert_eq!(signed(json!({})), json!({}));
        let done = acting(Some("Ada".into()), async { signed(json!({ "ok": true })) }).await;
        assert_eq!(done, json!({ "ok": true, "by": "Ada" }));
        let said = acting(Some("Ada".into()), async { signed(json!({ "by": "password" })) }).await;
        assert_eq!(said, json!({ "by": "password" }));
        let task = acting(Some("Ada".into()), async {
            let name = actor();
            tokio::spawn(acting(name, async { signed(json!({})) })).await.expect("it ends")
        });
        assert_eq!(task.await, json!({ "by": "Ada" }));
    }
}
