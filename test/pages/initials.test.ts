import { initialsOf } from '../../src/pages/initials';

describe('initialsOf', () => {
  it.each([
    ['Ines Okafor', 'IO'],
    ['Tomás Lindqvist', 'TL'],
    ['Maria del Carmen Ruiz', 'MR'],
    ['Duarte, Rafael', 'DR'],
    ['Mei Tanaka (Contoso)', 'MC'],
    ['émile', 'É'],
    ['e\u0301mile', 'E\u0301'],
    ['田中 美', '田美'],
    ['<script>', '?'],
    ['', '?'],
    ['  ', '?'],
  ])('%j: %s', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});
