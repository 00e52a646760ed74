/** What stands in a bundle for what a program does without. */
export {};
