// Projects that are not on the air, one line each.
import { ChevronRight } from 'lucide-react';
import { Link } from 'wouter';
import type { Project } from '@/api/types';
import { StateChip } from '@/ui/State';
import { count } from '@/words/format';
import { ingestWords } from '@/words/states';

export function ProjectRows({ projects }: { projects: Project[] }) {
  return (
    <ul className="panel rows overflow-hidden">
      {projects.map((project) => (
        <li key={project.id}>
          <Link href={`/projects/${project.id}`} className="flex min-h-14 items-center gap-3 px-4 py-2 hover:bg-raised">
            <span className="min-w-0 flex-1">
              <span className="block truncate font-medium">{project.name}</span>
              <span className="text-sm text-faint">
                {project.live.outputs.total ? count(project.live.outputs.total, 'destination') : 'No destination yet'}
                {project.declared && ' · from config.toml'}
              </span>
            </span>
            <StateChip words={ingestWords(project.live.state)} />
            <ChevronRight size={18} className="flex-none text-faint" aria-hidden />
          </Link>
        </li>
      ))}
    </ul>
  );
}
