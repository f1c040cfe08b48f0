//! Who may: a handler that takes a [`Signed`] runs only for those who may do what it names.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::account::{Action, Caller};
use crate::api::{Problem, catalogue};

/// An [`Action`] as a type, so that a handler's signature says what it takes to call it.
pub trait Right: Send + Sync + 'static {
    /// The action.
    const ACTION: Action;
}

/// The actions of the table of rights, each as a type.
pub mod may {
    use super::{Action, Right};

    macro_rules! rights {
        ($($name:ident),+ $(,)?) => {$(
            #[doc = concat!("See [`Action::", stringify!($name), "`].")]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Right for $name {
                const ACTION: Action = Action::$name;
            }
        )+};
    }

    rights!(
        SeeProjects,
        ChangeProjects,
        SeeStreams,
        RunStreams,
        RevealKeys,
        SeeWebhooks,
        ChangeWebhooks,
        SeeSystem,
        Administer,
        ManageSelf,
    );
}

/// What the door has found out about who asks. In the request's extensions.
#[derive(Debug, Clone)]
pub enum Who {
    /// Nothing was shown.
    Nobody,
    /// What was shown is not good.
    Refused(Problem),
    /// This one.
    Known(Caller),
}

/// Who asks, and may do what `A` names.
#[derive(Debug, Clone)]
pub struct Signed<A> {
    /// Who it is.
    pub caller: Caller,
    right: PhantomData<A>,
}

/// Who asks, whatever they may do.
#[derive(Debug, Clone)]
pub struct Anybody(pub Caller);

fn caller(parts: &Parts) -> Result<&Caller, Problem> {
    match parts.extensions.get::<Who>() {
        Some(Who::Known(caller)) => Ok(caller),
        Some(Who::Refused(problem)) => Err(problem.clone()),
        Some(Who::Nobody) | None => Err(Problem::of(&catalogue::SIGNED_OUT)),
    }
}

impl<A: Right, S: Send + Sync> FromRequestParts<S> for Signed<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = caller(parts)?;
        caller.may(A::ACTION)?;
        Ok(Self { caller: caller.clone(), right: PhantomData })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        caller(parts).cloned().map(Self)
    }
}
