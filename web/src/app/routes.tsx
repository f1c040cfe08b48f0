// Which page an address is.
import { useSuspenseQuery } from '@tanstack/react-query';
import type { ComponentType, ReactNode } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { meQuery } from '@/api/queries';
import { Boundary } from '@/ui/Boundary';
import { SkeletonPage } from '@/ui/Skeleton';
import { OverviewPage } from '@/pages/OverviewPage';
import { pages } from './pages';
import { SignedIn } from './SignedIn';
import { Shell } from './Shell';

type Params = Record<string, string | undefined>;

/** One page in its boundary; another id is another page. */
function page(Page: ComponentType<{ id: string }>) {
  return ({ id = '' }: Params): ReactNode => (
    <Boundary page name="This page" fallback={<SkeletonPage />} resetKeys={[id, Page]}>
      <Page key={id} id={id} />
    </Boundary>
  );
}

const ROUTES: [string, ComponentType<{ id: string }>][] = [
  ['/', OverviewPage],
  ['/projects', pages.Projects],
  ['/projects/:id', pages.Project],
  ['/projects/:id/streams', pages.Streams],
  ['/projects/:id/settings', pages.ProjectSettings],
  ['/streams/:id', pages.Stream],
  ['/activity', pages.Activity],
  ['/system', pages.System],
  ['/settings', pages.Settings],
  ['/settings/:id', pages.Settings],
  ['/:rest*', pages.NotFound],
];

function Inside() {
  return (
    <Shell>
      <Switch>
        {ROUTES.map(([path, Page]) => (
          <Route key={path} path={path}>
            {page(Page)}
          </Route>
        ))}
      </Switch>
    </Shell>
  );
}

/** What is inside begins so. */
const PLACES = /^\/(?:$|(?:projects|streams|activity|system|settings)(?:\/|$))/;

/** A viewer with a wrong link is not asked for a password. */
function Nowhere() {
  const me = useSuspenseQuery(meQuery).data;
  if (me) {
    return (
      <SignedIn>
        <Inside />
      </SignedIn>
    );
  }
  return (
    <main className="mx-auto grid min-h-dvh max-w-lg content-center justify-items-start p-6">
      <pages.NotFound />
    </main>
  );
}

export function Routes() {
  return (
    <Boundary page name="The dashboard" fallback={null}>
      <Switch>
        <Route path="/setup/:link?">{(params) => <pages.Setup link={params.link} />}</Route>
        <Route path="/sign-in">
          <pages.SignIn />
        </Route>
        <Route path="/login">
          <Redirect to="/sign-in" replace />
        </Route>
        <Route path="/dock/:id">
          {({ id }) => (
            <SignedIn>
              <Boundary page name="The dock" fallback={<SkeletonPage />} resetKeys={[id]}>
                <pages.Dock id={id} />
              </Boundary>
            </SignedIn>
          )}
        </Route>
        <Route path={PLACES}>
          <SignedIn>
            <Inside />
          </SignedIn>
        </Route>
        <Route>
          <Nowhere />
        </Route>
      </Switch>
    </Boundary>
  );
}
