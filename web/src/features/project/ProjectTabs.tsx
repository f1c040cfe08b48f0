// Within a project: the room, its past shows, its settings.
import { Link, useLocation } from 'wouter';

export function ProjectTabs({ id }: { id: string }) {
  const [location] = useLocation();
  const tabs: [string, string][] = [
    [`/projects/${id}`, 'Live room'],
    [`/projects/${id}/streams`, 'Shows'],
    [`/projects/${id}/settings`, 'Settings'],
  ];
  return (
    <nav aria-label="Project" className="mb-5 flex gap-6 border-b border-line">
      {tabs.map(([to, label]) => (
        <Link
          key={to}
          href={to}
          aria-current={location === to ? 'page' : undefined}
          className={`tap -mb-px flex min-h-10 pointer-coarse:min-h-[44px] items-center border-b-2 text-sm font-medium ${location === to ? 'border-ink text-ink' : 'border-transparent text-faint hover:text-ink'}`}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
