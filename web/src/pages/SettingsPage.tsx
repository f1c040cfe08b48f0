// Settings that are not a project's: one's own, and for administrators everybody's.
import { type ComponentType, useEffect, useRef } from 'react';
import { Link, Redirect } from 'wouter';
import { useCan } from '@/app/can';
import { settings } from '@/app/pages';
import { Appearance } from '@/features/settings/Appearance';
import { Boundary } from '@/ui/Boundary';
import { PageHead } from '@/ui/PageHead';
import { SkeletonRows } from '@/ui/Skeleton';

interface Tab {
  id: string;
  label: string;
  Part: ComponentType;
  admin?: boolean;
}

const TABS: Tab[] = [
  { id: 'account', label: 'Account', Part: settings.account },
  { id: 'appearance', label: 'Appearance', Part: Appearance },
  { id: 'tokens', label: 'API tokens', Part: settings.tokens },
  { id: 'webhooks', label: 'Webhooks', Part: settings.webhooks },
  { id: 'users', label: 'Users', Part: settings.users, admin: true },
];

export default function SettingsPage({ id }: { id: string }) {
  const { administer } = useCan();
  const tabs = TABS.filter(({ admin }) => administer || !admin);
  const tab = tabs.find((each) => each.id === (id || 'account'));
  const list = useRef<HTMLUListElement>(null);
  const shown = tab?.id;
  useEffect(() => {
    // On a phone the list is wider than the screen.
    if (shown) list.current?.querySelector('[aria-current]')?.scrollIntoView?.({ block: 'nearest', inline: 'center' });
  }, [shown]);
  if (!tab) return <Redirect to="/settings" replace />;
  const { Part } = tab;
  return (
    <>
      <PageHead title="Settings" />
      <div className="grid grid-cols-1 gap-6 md:grid-cols-[11rem_minmax(0,46rem)]">
        <nav aria-label="Settings" className="min-w-0">
          <ul ref={list} className="-mx-1 flex gap-1 overflow-x-auto pb-1 md:flex-col">
            {tabs.map(({ id: to, label }) => (
              <li key={to}>
                <Link
                  href={`/settings/${to}`}
                  aria-current={to === tab.id ? 'page' : undefined}
                  className={`tap flex min-h-10 pointer-coarse:min-h-[44px] items-center rounded-control px-3 text-sm font-medium whitespace-nowrap ${to === tab.id ? 'bg-raised text-ink' : 'text-faint hover:text-ink'}`}
                >
                  {label}
                </Link>
              </li>
            ))}
            <li>
              <a href="/api-docs" className="tap flex min-h-10 pointer-coarse:min-h-[44px] items-center rounded-control px-3 text-sm font-medium whitespace-nowrap text-faint hover:text-ink">
                API documentation
              </a>
            </li>
          </ul>
        </nav>
        <div className="min-w-0">
          <Boundary name={tab.label} fallback={<div className="panel"><SkeletonRows rows={4} height="h-11" /></div>} resetKeys={[tab.id]}>
            <Part />
          </Boundary>
        </div>
      </div>
    </>
  );
}
