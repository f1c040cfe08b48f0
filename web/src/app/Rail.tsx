// Where one can go. On a wide screen a rail at the left, on a phone a bar at the thumb.
import { useQuery } from '@tanstack/react-query';
import { Activity, Clapperboard, Eye, EyeOff, HelpCircle, LayoutDashboard, type LucideIcon, Server, Settings } from 'lucide-react';
import { Link, useLocation } from 'wouter';
import { projectsQuery } from '@/api/queries';
import { usePainted } from '@/ui/painted';
import { setPreferences, usePreferences } from './preferences';

const PLACES: { to: string; label: string; icon: LucideIcon; here: RegExp }[] = [
  { to: '/', label: 'Overview', icon: LayoutDashboard, here: /^\/$/ },
  { to: '/projects', label: 'Projects', icon: Clapperboard, here: /^\/(projects|streams)/ },
  { to: '/activity', label: 'Activity', icon: Activity, here: /^\/activity/ },
  { to: '/system', label: 'System', icon: Server, here: /^\/system/ },
  { to: '/settings', label: 'Settings', icon: Settings, here: /^\/settings/ },
];

const ITEM =
  'grid min-h-14 w-full content-center justify-items-center gap-1 rounded-lg px-1 text-[0.7rem] font-medium text-faint transition-colors hover:text-ink';

export function Rail({ onHelp }: { onHelp: () => void }) {
  const [location] = useLocation();
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-30 flex border-t border-line bg-panel px-1 pb-[env(safe-area-inset-bottom)] sm:inset-y-0 sm:right-auto sm:w-20 sm:flex-col sm:border-t-0 sm:border-r sm:px-2 sm:py-3"
    >
      <Brand />
      <ul className="flex flex-1 sm:mt-3 sm:flex-none sm:flex-col sm:gap-1">
        {PLACES.map(({ to, label, icon: Icon, here }) => {
          const current = here.test(location);
          return (
            <li key={to} className="flex-1">
              <Link href={to} aria-current={current ? 'page' : undefined} className={`${ITEM} ${current ? 'text-ink sm:bg-raised' : ''}`}>
                <Icon size={20} strokeWidth={current ? 2.2 : 1.8} aria-hidden />
                {label}
              </Link>
            </li>
          );
        })}
      </ul>
      <div className="mt-auto hidden flex-col gap-1 sm:flex">
        <Secrecy />
        <button type="button" className={ITEM} onClick={onHelp}>
          <HelpCircle size={19} strokeWidth={1.8} aria-hidden />
          Help
        </button>
      </div>
    </nav>
  );
}

/** One line in, many out. It is lit while any show is on the air. */
function Brand() {
  const enabled = usePainted();
  const live = useQuery({ ...projectsQuery, enabled, throwOnError: false, select: (all) => all.some(({ live }) => live.state === 'live') }).data;
  return (
    <Link href="/" aria-label="gostream" className="hidden h-12 items-center justify-center rounded-lg sm:flex">
      <svg viewBox="0 0 32 32" width="34" height="34" className={live ? 'text-ok' : 'text-soft'} aria-hidden>
        <g fill="none" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round">
          <path d="M4 16h10M14 16c7 0 5-9 14-9M14 16h14M14 16c7 0 5 9 14 9" />
        </g>
      </svg>
    </Link>
  );
}

function Secrecy() {
  const { hideSecrets } = usePreferences();
  const Icon = hideSecrets ? EyeOff : Eye;
  return (
    <button
      type="button"
      aria-pressed={hideSecrets}
      title="Hides keys, addresses and links, for a screen that others see"
      className={`${ITEM} ${hideSecrets ? 'text-warn hover:text-warn' : ''}`}
      onClick={() => setPreferences({ hideSecrets: !hideSecrets })}
    >
      <Icon size={19} strokeWidth={1.8} aria-hidden />
      {hideSecrets ? 'Hidden' : 'Hide'}
    </button>
  );
}
