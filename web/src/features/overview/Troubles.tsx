// The first thing on the overview: what needs a person. Where nothing does, it says so in one line.
import { ChevronRight } from 'lucide-react';
import { Link } from 'wouter';
import type { Project } from '@/api/types';
import { StateSign } from '@/ui/State';
import { troubles } from './problems';

export function Troubles({ projects }: { projects: Project[] }) {
  const found = troubles(projects);
  if (found.length === 0) return null;
  return (
    <section aria-labelledby="troubles" className="mb-7">
      <h2 id="troubles" className="engraved mb-2">
        Look here first
      </h2>
      <ul className="panel rows overflow-hidden">
        {found.map(({ project, tone, things }) => (
          <li key={project.id}>
            <Link
              href={`/projects/${project.id}`}
              data-tone={tone}
              className="flex min-h-12 items-center gap-3 border-l-3 border-(--tone) py-2 pr-3 pl-4 hover:bg-raised"
            >
              <StateSign sign="alert" size={18} className="flex-none text-(--tone)" />
              <span className="min-w-0 flex-1">
                <strong className="mr-3 font-semibold">{project.name}</strong>
                {things.map((thing, index) => (
                  <span key={thing.text} className="text-soft">
                    {index > 0 && ', '}
                    <span data-tone={thing.tone} className="text-(--tone)">
                      {thing.text}
                    </span>
                  </span>
                ))}
              </span>
              <ChevronRight size={18} className="flex-none text-faint" aria-hidden />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
