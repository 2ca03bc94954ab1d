/**
 * Which items to take when neither their weight nor their number may exceed a limit (the "exact
 * K-item knapsack" of Andes, arXiv 2404.16283, with at most K). Pure functions.
 */
@NullMarked
package dev.andante.qoe.knapsack;

import org.jspecify.annotations.NullMarked;
