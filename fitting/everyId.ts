/** @file Importing this makes every element id of the command line known: the registry's, one's own and optimal ones. */
import "../formats/own/index.ts";
import "./optimalBooks.ts";
