"""What people edit on screen: versions with a hash, four eyes where it matters, and the file that puts a version in force."""
