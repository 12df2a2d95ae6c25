"""Reading pictures, scribbles and ground truth from every source into one layout."""
