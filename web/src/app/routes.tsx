// Which page an address is. Every page is a file of its own that comes when it is first opened.
import { type ComponentType, lazy, type ReactNode } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { Boundary } from '@/ui/Boundary';
import { SkeletonPage } from '@/ui/Skeleton';
import { OverviewPage } from '@/pages/OverviewPage';
import { SignedIn } from './SignedIn';
import { Shell } from './Shell';

const pages = {
  Projects: lazy(() => import('@/pages/ProjectsPage')),
  Project: lazy(() => import('@/pages/ProjectPage')),
  Streams: lazy(() => import('@/pages/StreamsPage')),
  Stream: lazy(() => import('@/pages/StreamPage')),
  ProjectSettings: lazy(() => import('@/pages/ProjectSettingsPage')),
  Activity: lazy(() => import('@/pages/ActivityPage')),
  System: lazy(() => import('@/pages/SystemPage')),
  Settings: lazy(() => import('@/pages/SettingsPage')),
  NotFound: lazy(() => import('@/pages/NotFoundPage')),
};
const SetupPage = lazy(() => import('@/pages/SetupPage'));
const SignInPage = lazy(() => import('@/pages/SignInPage'));
const DockPage = lazy(() => import('@/pages/DockPage'));

type Params = Record<string, string | undefined>;

/** One page in its boundary; another id is another page. */
function page(Page: ComponentType<{ id: string }>) {
  return ({ id = '' }: Params): ReactNode => (
    <Boundary name="This page" fallback={<SkeletonPage />} resetKeys={[id, Page]}>
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

export function Routes() {
  return (
    <Boundary name="The dashboard" fallback={null}>
      <Switch>
        <Route path="/setup/:link?">{(params) => <SetupPage link={params.link} />}</Route>
        <Route path="/sign-in">
          <SignInPage />
        </Route>
        <Route path="/login">
          <Redirect to="/sign-in" replace />
        </Route>
        <Route path="/dock/:id">
          {({ id }) => (
            <SignedIn>
              <Boundary name="The dock" fallback={<SkeletonPage />} resetKeys={[id]}>
                <DockPage id={id} />
              </Boundary>
            </SignedIn>
          )}
        </Route>
        <Route>
          <SignedIn>
            <Inside />
          </SignedIn>
        </Route>
      </Switch>
    </Boundary>
  );
}
