import { act, render, screen } from '@testing-library/react';
import { beforeEach, expect, it } from 'vitest';
import { setPreferences } from '@/app/preferences';
import { project } from '@/test/make';
import { Dock } from './Dock';

beforeEach(() => setPreferences({ hideSecrets: false }));

it('says where OBS wants the dock, and its address to be copied', () => {
  render(<Dock project={project()} />);
  expect(screen.getByText(/Custom Browser Docks/)).toBeInTheDocument();
  expect(screen.getByText(`${location.origin}/dock/prj_1`)).toBeInTheDocument();
  expect(screen.getByRole('button', { name: 'Address of the dock' })).toBeInTheDocument();
  act(() => setPreferences({ hideSecrets: true }));
  expect(screen.queryByText(/\/dock\/prj_1/)).not.toBeInTheDocument();
});
