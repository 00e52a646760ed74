/** Everything that a vector store can claim. */
export const CLAIMS = {
  getByIds: true,
  mmr: true,
  objectFilters: true,
  deletesMore: true,
  persistent: true,
  shared: true,
  models: true,
  names: true,
  compacts: true,
  frugal: true,
  threshold: true,
  signal: true,
  closes: true,
  checks: true,
};
