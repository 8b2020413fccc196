"""Numbers: a program from a graph, engines that run it, training, source code to take away."""
